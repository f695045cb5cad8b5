#include "fake_service.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>

namespace deja::testing {

namespace {

std::size_t content_length(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::string_view name = "content-length: ";
  const auto at = head.find(name);
  return at == head.npos ? 0 : std::strtoul(head.c_str() + at + name.size(), nullptr, 10);
}

void check(int outcome, const char* what) {
  if (outcome < 0)
    throw std::runtime_error(std::string{"fake service: "} + what + ": " + std::strerror(errno));
}

} // namespace

std::string peer::request() {
  for (;;) {
    const auto head_end = unread_.find("\r\n\r\n");
    if (head_end != unread_.npos) {
      const auto size = head_end + 4 + content_length(unread_.substr(0, head_end + 2));
      if (unread_.size() >= size) {
        auto whole = unread_.substr(0, size);
        unread_.erase(0, size);
        return whole;
      }
    }
    std::array<char, 65536> buffer{};
    const auto count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count <= 0)
      return {};
    unread_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

bool peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void peer::trickle(std::string_view bytes) {
  ::pollfd closed{socket_, POLLRDHUP, 0};
  for (std::size_t at = 0; ::poll(&closed, 1, 2) == 0; at = (at + 1) % bytes.size())
    if (!send(bytes.substr(at, 1)))
      return;
}

void peer::wait_for_close() {
  std::array<char, 65536> buffer{};
  while (::recv(socket_, buffer.data(), buffer.size(), 0) > 0) {
  }
}

void peer::ignore() {
  ::pollfd closed{socket_, POLLRDHUP, 0};
  ::poll(&closed, 1, -1);
}

fake_service::fake_service(script connections) : connections_(std::move(connections)) {
  listener_ = file_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::socklen_t size = sizeof address;
  auto* general = reinterpret_cast<::sockaddr*>(&address);
  check(::bind(listener_.get(), general, size), "bind");
  check(::getsockname(listener_.get(), general, &size), "getsockname");
  check(::listen(listener_.get(), 16), "listen");
  url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread{[this] {
    run();
  }};
}

fake_service::fake_service(const std::string& socket_path, script connections)
    : connections_(std::move(connections)), url_("unix:" + socket_path) {
  listener_ = file_descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  // Bound by its short name from within its folder, whatever the length of the path.
  const auto before = std::filesystem::current_path();
  const std::filesystem::path path{socket_path};
  std::filesystem::current_path(path.parent_path());
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.filename().string().copy(address.sun_path, sizeof address.sun_path - 1);
  const int bound =
      ::bind(listener_.get(), reinterpret_cast<::sockaddr*>(&address), sizeof address);
  std::filesystem::current_path(before);
  check(bound, "bind");
  check(::listen(listener_.get(), 16), "listen");
  thread_ = std::thread{[this] {
    run();
  }};
}

fake_service::~fake_service() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (current_ >= 0)
      ::shutdown(current_, SHUT_RDWR);
  }
  thread_.join();
}

void fake_service::run() {
  for (;;) {
    file_descriptor socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    {
      const std::lock_guard lock{mutex_};
      if (!socket || stopping_)
        return;
      current_ = socket.get();
    }
    const auto number = accepted_++;
    if (number < connections_.size()) {
      peer client{socket.get()};
      connections_[number](client);
    }
    const std::lock_guard lock{mutex_};
    current_ = -1;
    socket.close();
  }
}

std::string answer(int status, std::string_view content_type, std::string_view body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + std::string{content_type} +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

std::string proto_answer(std::string_view body) {
  return answer(200, "application/proto", body);
}

std::function<void(peer&)> answering(std::vector<std::string> answers) {
  return [answers = std::move(answers)](peer& client) {
    for (const auto& each : answers)
      if (client.request().empty() || !client.send(each))
        return;
    client.wait_for_close();
  };
}

} // namespace deja::testing
