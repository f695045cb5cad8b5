#pragma once

#include <deja/messages/error.hpp>

#include <string>
#include <string_view>

namespace deja {

/// Base64 in the standard alphabet, padded.
std::string to_base64(std::string_view bytes);

/// Base64 in the URL-safe alphabet, unpadded.
std::string to_base64_url(std::string_view bytes);

/// The bytes that `text` stands for: either alphabet, padded or not, as Connect's GET requests and
/// protobuf's JSON allow. invalid_argument else.
result<std::string> parse_base64(std::string_view text);

} // namespace deja
