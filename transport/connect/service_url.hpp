#pragma once

#include <deja/messages/error.hpp>

#include <cstdint>
#include <string>

namespace deja {

/// Where a service listens: `http://host:port`, `https://host:port` or `unix:/path/of/socket`.
struct service_url {
  enum class kind { http, https, unix_socket };

  kind scheme = kind::http;
  std::string host;       ///< Without the brackets of an IPv6 address; empty for a socket.
  std::uint16_t port = 0; ///< 80 or 443 where the URL has none; 0 for a socket.
  std::string path;       ///< The socket's path; empty else.
};

/// invalid_argument where `text` is no such URL; a path behind the port may only be `/`.
result<service_url> parse_service_url(const std::string& text);

} // namespace deja
