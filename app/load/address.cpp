#include <deja/app/load/address.hpp>

#include <deja/transport/blob/file_descriptor.hpp>

#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/time.h>

namespace deja::app::load {

namespace {

bool is_loopback(const ::sockaddr* where) {
  if (where->sa_family == AF_INET)
    return (ntohl(reinterpret_cast<const ::sockaddr_in*>(where)->sin_addr.s_addr) >> 24) == 127;
  const auto& six = reinterpret_cast<const ::sockaddr_in6*>(where)->sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

/// Whether somebody listens there; at once, on loopback.
bool accepts(const ::addrinfo& where) {
  const file_descriptor probe{::socket(where.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const ::timeval patience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(probe.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return probe && ::connect(probe.get(), where.ai_addr, where.ai_addrlen) == 0;
}

} // namespace

result<address> find_address(const service_url& url) {
  address found;
  if (url.scheme == service_url::kind::unix_socket) {
    auto& where = reinterpret_cast<::sockaddr_un&>(found.bytes);
    if (url.path.size() >= sizeof where.sun_path)
      return error{errc::invalid_argument, "the socket's path is " +
                                               std::to_string(url.path.size()) +
                                               " bytes long, the system takes " +
                                               std::to_string(sizeof where.sun_path - 1)};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, url.path.c_str(), url.path.size() + 1);
    found.size = sizeof where;
    found.is_local = true;
    return found;
  }
  ::addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  ::addrinfo* first = nullptr;
  if (const int problem =
          ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &wanted, &first))
    return error{errc::unavailable,
                 "host \"" + url.host + "\" has no address: " + ::gai_strerror(problem)};
  const std::unique_ptr<::addrinfo, decltype(&::freeaddrinfo)> all{first, &::freeaddrinfo};
  // `localhost` may have two addresses, of which a service often has one.
  const auto* chosen = all.get();
  for (const auto* one = chosen; one != nullptr; one = one->ai_next)
    if (is_loopback(one->ai_addr) && accepts(*one)) {
      chosen = one;
      break;
    }
  std::memcpy(&found.bytes, chosen->ai_addr, chosen->ai_addrlen);
  found.size = chosen->ai_addrlen;
  found.is_local = is_loopback(chosen->ai_addr);
  return found;
}

} // namespace deja::app::load
