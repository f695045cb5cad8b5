#pragma once

#include <deja/messages/catalog.hpp>

#include <string>
#include <string_view>

namespace deja::app {

/// Reads what a line of `deja key --jsonl` asks a key for: a JSON object of `identifier`,
/// `interface` and `inputs` (the binary messages in base64), `cache_ignore_input_vars` (an array of
/// names) and `cache_version`. Null stands for an absent member; others than these are passed over.
///
/// Errors: invalid_argument where the line is no such object.
result<catalog_key> parse_key_line(std::string_view line);

/// The line's answer, without a line end: `{"key":…}`, or `{"error":…,"code":…}` where the line
/// can't be read or no key can be made of it.
std::string answer_key_line(std::string_view line);

} // namespace deja::app
