#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

// The proto3 JSON form of messages, as the rules for cache keys word it. Slow, simple, and without
// a line of the library, so that no fault of the library can be one here.

namespace deja::testing::reference {

struct json;
struct json_member;
using json_array = std::vector<json>;
using json_object = std::vector<json_member>;

/// A JSON value.
struct json {
  std::variant<std::nullptr_t, bool, double, std::string, json_array, json_object> value;
};

struct json_member {
  std::string name;
  json value;
};

/// Thrown for what has no JSON form.
struct no_json_form : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Recursive: to be called on a big stack (see support/big_stack.hpp) where the message may be
/// thousands of levels deep.
json to_json(const google::protobuf::Message& message);

/// Base64 in the standard alphabet, padded.
std::string base64(const std::string& bytes);

} // namespace deja::testing::reference
