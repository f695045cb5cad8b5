#pragma once

#include <deja/messages/catalog.hpp>

#include <functional>

// The cache key a second time, slow and simple, as its rules are written: messages become JSON
// values, and these are hashed. What it shares with the library is protobuf alone.

namespace deja::testing::reference {

/// A hash's 32 bytes, or a key; none where the rules say that it is an error.
using outcome = std::optional<std::string>;

/// Each as the library's function of that name, and recursive: to be called on a big stack (see
/// support/big_stack.hpp) where a message may be thousands of levels deep. The key's inputs must
/// have been read.
outcome object_hash(const google::protobuf::Message& message);
outcome inputs_hash(const core::LiteralMap& inputs, const std::set<std::string>& ignored);
outcome make_key(const catalog_key& key);

/// What SHA-256 is asked for while `hashing` calls the functions above, but for the names of fields
/// and of enum values, whose hashes are constants.
std::vector<std::string> sha256_inputs(const std::function<void()>& hashing);

} // namespace deja::testing::reference
