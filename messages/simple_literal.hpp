#pragma once

#include <deja/messages/hash_chain.hpp>

#include <flyteidl2/core/interface.pb.h>
#include <flyteidl2/core/literals.pb.h>

// What most literals, values and variables are like, and the short way to their hashes. What is not
// like that, and what has no JSON form, is left to the walk of object_hash.cpp.

namespace deja {

/// Makes `chain` the literal's, hashed down or not, if it is a hash, a primitive, a structure or
/// none, there is nothing beside it, and it nests objects and arrays no deeper than `room`.
/// Thread-safe.
bool make_chain(const flyteidl2::core::Literal& literal, bool hashed_down, std::size_t room,
                hash_chain& chain);

/// The hash of a variable that has a simple type, and nothing else: such a hash is constant. Null
/// for others. Thread-safe.
const digest* known_hash(const flyteidl2::core::Variable& variable);

/// The hashes of the entries from `first` on that have a name and such a variable, up to the first
/// that does not, and at most `sha256_lanes`. Gives how many. Thread-safe.
std::size_t hash_entries(const flyteidl2::core::VariableMap& variables, std::size_t first,
                         digest* hashes);

} // namespace deja
