#pragma once

#include <deja/transport/connect/request.hpp>
#include <deja/transport/connect/responder.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace deja::http {

class stream;

/// Answers a request whose body has been received whole. Called on the session's loop, so it must
/// not block; the answer may come later and from any thread. The request is valid until the handler
/// returns. An exception becomes `internal` without its text.
using unary_handler = std::function<void(const request&, responder)>;

/// Answers a request whose body comes, or whose answer goes, piece by piece. Runs on the session's
/// loop, so what blocks must go elsewhere. The request and the stream outlive the coroutine. An
/// exception becomes `internal`, or cuts the connection once the answer has begun.
using streamed_handler = std::function<boost::asio::awaitable<void>(const request&, stream&)>;

/// One row of a server's table.
struct route {
  std::string method; ///< `GET` answers HEAD as well.
  std::string path;   ///< As it comes; ending in `*`, all that begins with what is before it.
  std::variant<unary_handler, streamed_handler> handler;
  bool open = false; ///< Whether it is answered without an access token.
};

/// The table. Immutable once made.
class router {
public:
  explicit router(std::vector<route> routes);

  struct match {
    const route* found = nullptr;
    std::string allowed; ///< Without a route: the methods that the path has; empty: no such path.
  };

  match find(std::string_view method, std::string_view path) const;

private:
  std::vector<route> routes_;
};

} // namespace deja::http
