#pragma once

#include <deja/messages/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace deja::http {

/// The answer to a request.
struct response {
  unsigned status = 200;
  std::string_view content_type; ///< A constant of the program; empty: none is sent.
  std::string fields;            ///< Further header lines, each with its CRLF.
  std::string body;
  bool close = false; ///< Whether the connection ends with it.
};

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view text_type = "text/plain; charset=utf-8";

/// The HTTP status that Connect gives a code.
unsigned status_of(errc code);

/// `{"code":…,"message":…}`. What is not UTF-8 in the message becomes `?`.
std::string error_json(const error& why);

/// A failure as Connect tells it, with the code's status or another.
response error_response(const error& why);
response error_response(const error& why, unsigned status);

/// What a head says beside the response itself.
struct head_facts {
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;
  bool http_1_0 = false; ///< The client's version: it must be told that the connection stays open.
};

/// Appends status line and header to `out`.
void append_head(std::string& out, const response& answer, const head_facts& facts);

} // namespace deja::http
