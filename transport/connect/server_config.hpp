#pragma once

#include <deja/messages/cache.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

namespace deja::http {

/// Where and within which limits a server serves.
struct server_config {
  std::string host = "127.0.0.1";      ///< Address or name to listen on, without brackets.
  std::uint16_t port = 8094;           ///< 0: any free one.
  std::filesystem::path unix_socket{}; ///< Listened on as well, mode 0600. Empty: none.
  /// Loops, each on a thread of its own; 0: one for two cores, since what they ask works too.
  unsigned threads = 0;
  int backlog = 4096; ///< Connections that the system holds before they are taken.

  /// Open connections, both listeners together. One more is told `unavailable` and closed.
  std::size_t max_connections = 16'384;

  std::size_t max_header_bytes = std::size_t{16} << 10; ///< Request line and fields; else 431.
  std::size_t max_body_bytes = std::size_t{4} << 20;    ///< Of a unary request; else 413.

  duration idle_timeout = std::chrono::seconds{180};   ///< A connection without a request.
  duration receive_timeout = std::chrono::seconds{30}; ///< A unary request from first byte to last.
  duration answer_timeout = std::chrono::seconds{60};  ///< A unary handler; deadline_exceeded.
  duration write_timeout = std::chrono::seconds{30};   ///< A unary answer, until it is taken.

  /// A stream may stand still for the grace; what goes beyond must keep up this rate, bytes a
  /// second, counted over the time that the peer was waited for.
  std::uint64_t min_stream_rate = std::uint64_t{16} << 10;
  duration stream_grace = std::chrono::seconds{15};

  /// How long a connection that ends before its request was read is read on, so that the client
  /// sees the answer and not a reset.
  duration linger_timeout = std::chrono::seconds{2};

  /// How long `stop` lets requests finish.
  duration drain_timeout = std::chrono::seconds{4};

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// Sets host and port from `HOST:PORT`, `[IPV6]:PORT`; invalid_argument else.
result<void> set_listen_address(server_config& config, const std::string& text);

} // namespace deja::http
