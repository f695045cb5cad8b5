#pragma once

#include <deja/transport/connect/response.hpp>

#include <boost/asio/awaitable.hpp>

namespace deja::http {

/// A request and its answer, piece by piece. For one coroutine on the session's loop.
class stream {
public:
  virtual ~stream() = default;

  /// The request body's length where the client told it.
  virtual std::optional<std::uint64_t> content_length() const = 0;

  /// The next piece of the request's body, valid until the next call; empty at the end. Errors:
  /// canceled (the client has gone), deadline_exceeded (it is too slow), invalid_argument (its
  /// chunks are no chunks).
  virtual boost::asio::awaitable<result<std::string_view>> read() = 0;

  /// Answers in one piece once the handler returns. If the request's body has not been read by
  /// then, the connection ends with it.
  virtual void respond(response answer) = 0;

  /// Begins an answer with a body of `size` bytes, to be written after it. To HEAD the answer is
  /// complete with that. False: the client has gone, or is too slow.
  virtual boost::asio::awaitable<bool> begin(const response& head, std::uint64_t size) = 0;

  /// Writes the next bytes of the body that was begun; of an answer to HEAD, nothing. An answer
  /// left incomplete cuts the connection, so that no client takes it for the whole.
  virtual boost::asio::awaitable<bool> write(std::string_view bytes) = 0;
};

} // namespace deja::http
