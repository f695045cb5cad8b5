#pragma once

#include <deja/transport/blob/file_descriptor.hpp>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace deja::testing {

/// The service's end of one connection, byte by byte.
class peer {
public:
  explicit peer(int socket) : socket_(socket) {}

  /// The next request as it came, header and body; empty where the client has closed.
  std::string request();

  /// False: the client has gone.
  bool send(std::string_view bytes);

  /// Sends one byte of `bytes` after the other, over and over, until the client goes away.
  void trickle(std::string_view bytes);

  /// Waits until the client goes away, and takes what it sends.
  void wait_for_close();

  /// Waits until the client goes away, and reads nothing.
  void ignore();

private:
  int socket_;
  std::string unread_;
};

/// A service that does what its script says, also what no HTTP server would do: the first
/// connection gets the first function, and so on; further ones are closed at once.
class fake_service {
public:
  using script = std::vector<std::function<void(peer&)>>;

  explicit fake_service(script connections);                        ///< On a free TCP port.
  fake_service(const std::string& socket_path, script connections); ///< On a Unix socket.
  ~fake_service();

  const std::string& url() const { return url_; }

  /// How many connections have come so far.
  unsigned accepted() const { return accepted_; }

private:
  void run();

  script connections_;
  std::string url_;
  file_descriptor listener_;
  std::atomic<unsigned> accepted_ = 0;
  std::mutex mutex_;
  int current_ = -1; // the connection in use, for the destructor to shut down
  bool stopping_ = false;
  std::thread thread_;
};

/// An HTTP answer with a Content-Length.
std::string answer(int status, std::string_view content_type, std::string_view body);

/// A successful Connect answer.
std::string proto_answer(std::string_view body);

/// A connection that answers the requests with these, in order, and then waits.
std::function<void(peer&)> answering(std::vector<std::string> answers);

} // namespace deja::testing
