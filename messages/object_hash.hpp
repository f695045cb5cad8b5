#pragma once

#include <deja/messages/object_depth.hpp>
#include <deja/messages/sha256.hpp>

#include <flyteidl2/core/identifier.pb.h>
#include <flyteidl2/core/literals.pb.h>

#include <set>
#include <string>
#include <string_view>

namespace deja {

/// Flyte's object hash: SHA-256 over a tagged encoding of the message's proto3 JSON form. `message`
/// is an Identifier, a VariableMap, a LiteralMap or of a type that these hold. `name` is what error
/// texts call it.
///
/// Errors: invalid_argument, with the path to the value that has no JSON form: a timestamp or
/// duration out of range, a Value of no kind, a text that is not UTF-8, nesting over
/// `max_object_depth`; or for a message of another type. Thread-safe; the stack in use does not
/// depend on the message.
result<digest> object_hash(const google::protobuf::Message& message, std::string_view name);

/// The same of a task's identifier without its version.
result<digest> task_hash(const flyteidl2::core::Identifier& identifier);

/// The same of a task's inputs, hashed down: without those named in `ignored`, and where a literal
/// has a `hash`, that hash stands for it. Collections and maps lose metadata and artifact_id; what
/// a union or an offloaded literal holds stays as it is.
result<digest> inputs_hash(const flyteidl2::core::LiteralMap& inputs,
                           const std::set<std::string>& ignored);

} // namespace deja
