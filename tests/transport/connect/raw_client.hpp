#pragma once

#include <deja/transport/blob/file_descriptor.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace deja::testing {

/// An answer as it came.
struct reply {
  unsigned status = 0;
  std::string head; ///< Status line and fields, up to and with the empty line.
  std::string body;

  /// The field's value; empty where there is none. `name` as the server writes it.
  std::string field(std::string_view name) const;
};

/// A client that sends what it is told, byte by byte. What takes longer than 20 s throws, as does
/// an answer that is cut off.
class raw_client {
public:
  explicit raw_client(std::uint16_t port);
  explicit raw_client(const std::filesystem::path& unix_socket);

  void send(std::string_view bytes);

  /// Sends `bytes` in pieces of one byte, each a packet of its own.
  void send_slowly(std::string_view bytes);

  /// Sends as much as the server takes until it closes the connection.
  void send_until_closed(std::string_view bytes);

  /// The end of what is sent.
  void finish_sending();

  /// The next answer.
  reply read();

  /// The next answer to HEAD, or a `100 Continue`: without a body.
  reply read_head();

  /// All that comes until the server closes the connection. Throws if it is reset.
  std::string read_to_end();

  /// Waits until the server closes the connection, and reads nothing.
  void wait_for_close();

private:
  bool receive();

  file_descriptor socket_;
  std::string unread_;
};

/// A request with a Host and a Content-Length. `fields`: further lines, each with its CRLF.
std::string request_text(std::string_view method, std::string_view path, std::string_view body = {},
                         std::string_view fields = {});

} // namespace deja::testing
