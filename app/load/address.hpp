#pragma once

#include <deja/transport/connect/service_url.hpp>

#include <sys/socket.h>
#include <sys/un.h>

namespace deja::app::load {

/// Where a service's sockets connect to, looked up once.
struct address {
  ::sockaddr_storage bytes{};
  ::socklen_t size = 0;
  bool is_local = false; ///< Loopback or a socket of the file system.

  int family() const { return bytes.ss_family; }

  const ::sockaddr* get() const { return reinterpret_cast<const ::sockaddr*>(&bytes); }
};

/// unavailable where the host has no address, invalid_argument where a socket's path is too long.
result<address> find_address(const service_url& url);

} // namespace deja::app::load
