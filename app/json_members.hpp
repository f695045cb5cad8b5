#pragma once

#include <deja/messages/error.hpp>

#include <map>
#include <string>
#include <string_view>

namespace deja::app {

/// How deep objects and arrays may lie in one another in a JSON text for people, the outermost
/// counted: protobuf's own JSON parser takes 100 messages.
inline constexpr std::size_t max_json_depth = 100;

/// The members of a JSON object, each with its value's text. The whole text is checked, so that a
/// laxer parser may read the values: JSON by the letter in valid UTF-8, no name twice in an object,
/// no deeper than `max_json_depth`.
///
/// Errors: invalid_argument with line, column and the path to the value that is wrong, such as
/// `line 3, column 7, in inputs.literals["x"]: …`.
result<std::map<std::string, std::string_view>> split_json_object(std::string_view text);

} // namespace deja::app
