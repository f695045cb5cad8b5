#pragma once

#include "raw_client.hpp"

#include <deja/transport/connect/http_server.hpp>

#include <condition_variable>
#include <mutex>

namespace deja::testing {

/// Calls that a handler holds until the test answers them.
class held_calls {
public:
  void add(http::responder call);

  /// Takes the next one, and waits for it.
  http::responder next();

private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<http::responder> calls_;
};

/// A small service on a free port of the loopback address:
///
///     GET  /hello    "hello"
///     GET  /open     "open", to everybody
///     POST /echo     the request's body
///     POST /held     held until the test answers
///     POST /dropped  never answered
///     POST /thrown   fails inside
///     GET  /large    64 MiB in one piece
///     GET  /stream   "streamed", begun before the request's body is read
///     POST /stream   the body's size, counted piece by piece
///     GET  /stalled  a stream that ends when the client stops taking it
///     GET  /short    a stream that ends before its length
class echo_service {
public:
  explicit echo_service(http::server_config config = {},
                        std::optional<http::access_tokens> tokens = std::nullopt);

  raw_client connect() const { return raw_client{server.port()}; }

  /// The answer to one request on a connection of its own.
  reply ask(std::string_view request) const;

  held_calls held;
  http::http_server server; ///< Started.
};

http::response text_response(std::string body);

} // namespace deja::testing
