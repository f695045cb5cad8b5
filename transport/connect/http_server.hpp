#pragma once

#include <deja/transport/connect/access_tokens.hpp>
#include <deja/transport/connect/route.hpp>
#include <deja/transport/connect/server_config.hpp>

namespace deja::http {

/// An HTTP/1.1 server for a table of routes; it knows no service. Its loops' threads take no
/// signals. Where a request can't be served the answer is Connect's JSON error: 401 without a valid
/// token (if there are any), 404, 405, 408, 413, 431, 400 for what is no HTTP.
///
///     http::http_server server{http::router{routes}, {.port = 0}};
///     server.start().value();
///     ... server.port() ...
///     server.stop();
class http_server {
public:
  http_server(router routes, server_config config,
              std::optional<access_tokens> tokens = std::nullopt);
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// Stops it.
  ~http_server();

  /// Listens and serves. Once only. Errors: invalid_argument (the configuration, no such host),
  /// failed_precondition (the address or socket is in use), permission_denied.
  result<void> start();

  /// The port that is listened on; 0 before `start`.
  std::uint16_t port() const;

  /// Takes no more connections, lets requests that are under way finish within the drain timeout,
  /// cuts the rest, and joins. Idempotent.
  void stop();

private:
  class state;

  std::unique_ptr<state> state_;
};

} // namespace deja::http
