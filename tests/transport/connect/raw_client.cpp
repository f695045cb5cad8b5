#include "raw_client.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>

namespace deja::testing {

namespace {

constexpr int patience_s = 20;

void check(ssize_t outcome, const char* what) {
  if (outcome < 0)
    throw std::system_error(errno, std::generic_category(), what);
}

file_descriptor connected(int family, const void* address, socklen_t size) {
  file_descriptor socket{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  check(socket.get(), "socket");
  const ::timeval patience{patience_s, 0};
  check(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "timeout");
  check(::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), "timeout");
  check(::connect(socket.get(), static_cast<const ::sockaddr*>(address), size), "connect");
  return socket;
}

file_descriptor connected(std::uint16_t port) {
  ::sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto socket = connected(AF_INET, &address, sizeof address);
  const int on = 1;
  check(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "no delay");
  return socket;
}

file_descriptor connected(const std::filesystem::path& path) {
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  return connected(AF_UNIX, &address, sizeof address);
}

} // namespace

std::string reply::field(std::string_view name) const {
  const auto line = "\r\n" + std::string{name} + ": ";
  const auto at = head.find(line);
  if (at == head.npos)
    return {};
  const auto begin = at + line.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

raw_client::raw_client(std::uint16_t port) : socket_(connected(port)) {}

raw_client::raw_client(const std::filesystem::path& unix_socket)
    : socket_(connected(unix_socket)) {}

void raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    check(count, "send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void raw_client::send_slowly(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); ++at)
    send(bytes.substr(at, 1));
}

void raw_client::send_until_closed(std::string_view bytes) {
  ::pollfd closed{socket_.get(), POLLRDHUP, 0};
  while (::poll(&closed, 1, 0) == 0)
    if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0)
      return;
}

void raw_client::finish_sending() {
  check(::shutdown(socket_.get(), SHUT_WR), "shutdown");
}

reply raw_client::read_head() {
  reply read;
  std::size_t end = unread_.npos;
  while ((end = unread_.find("\r\n\r\n")) == unread_.npos)
    if (!receive())
      throw std::runtime_error("the connection was closed before the answer: \"" + unread_ + '"');
  read.head = unread_.substr(0, end + 4);
  unread_.erase(0, end + 4);
  constexpr std::string_view version = "HTTP/1.1 ";
  if (!read.head.starts_with(version))
    throw std::runtime_error("no HTTP answer: " + read.head);
  read.status = static_cast<unsigned>(std::atoi(read.head.c_str() + version.size()));
  return read;
}

reply raw_client::read() {
  auto read = read_head();
  const auto size = std::strtoul(read.field("Content-Length").c_str(), nullptr, 10);
  while (unread_.size() < size)
    if (!receive())
      throw std::runtime_error("the connection was closed within the answer");
  read.body = unread_.substr(0, size);
  unread_.erase(0, size);
  return read;
}

std::string raw_client::read_to_end() {
  while (receive()) {
  }
  return std::exchange(unread_, {});
}

void raw_client::wait_for_close() {
  ::pollfd closed{socket_.get(), POLLRDHUP, 0};
  if (::poll(&closed, 1, patience_s * 1000) != 1)
    throw std::runtime_error("the server did not close the connection");
}

bool raw_client::receive() {
  std::array<char, 65536> buffer;
  const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  check(count, "receive");
  unread_.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::string request_text(std::string_view method, std::string_view path, std::string_view body,
                         std::string_view fields) {
  std::string text{method};
  text.append(" ").append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(fields);
  if (!body.empty())
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append("\r\n").append(body);
}

} // namespace deja::testing
