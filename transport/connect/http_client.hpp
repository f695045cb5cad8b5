#pragma once

#include <deja/messages/cache.hpp>
#include <deja/transport/connect/service_url.hpp>

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace deja {

/// One HTTP request to a service.
struct http_request {
  std::string method;
  std::string path;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// Where set, `body_size` bytes are sent from here instead of `body`, in order.
  std::function<result<std::size_t>(std::uint64_t offset, std::span<char> buffer)> source;
  std::uint64_t body_size = 0;

  /// Where set, the body of a 200 answer goes here piece by piece; an error ends the request.
  std::function<result<void>(std::string_view)> receive;

  /// How long all of it may take; or, with `while_moving`, how long no byte of a body may move.
  duration timeout = std::chrono::seconds{10};
  bool while_moving = false;

  /// Once this is stopped, from any thread, the request ends with canceled.
  std::stop_token stop{};

  /// A body that isn't received piece by piece may have this many bytes.
  std::uint64_t answer_limit = std::uint64_t{64} << 20;
};

/// What came back, whatever its status.
struct http_answer {
  int status = 0;
  std::string content_type;
  std::string body;
  bool repeated = false; ///< The request was sent twice, and may have been served twice.
};

/// One keep-alive connection to a service, made with the first request. Blocking, for one thread at
/// a time; cheap to make. No redirects are followed, no compression is taken.
///
/// Errors: canceled (it was stopped), unavailable (no connection, or it broke before the answer
/// began), deadline_exceeded, internal (an answer that is cut off or over the limit),
/// invalid_argument (a header value that isn't printable ASCII), and those of `source` and
/// `receive`. A request that met a connection which the service had closed meanwhile is sent once
/// more, so it should be idempotent.
class http_client {
public:
  explicit http_client(service_url url, std::string url_text);
  http_client(http_client&&) noexcept;
  http_client& operator=(http_client&&) noexcept;
  ~http_client();

  result<http_answer> send(const http_request& request);

private:
  class connection;

  std::unique_ptr<connection> connection_;
};

} // namespace deja
