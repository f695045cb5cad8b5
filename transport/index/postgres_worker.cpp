#include <deja/transport/index/postgres_worker.hpp>

#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace deja {

wake_up::wake_up() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0)
    throw std::system_error{errno, std::generic_category(), "eventfd"};
}

wake_up::~wake_up() {
  ::close(event_);
}

void wake_up::ring() const {
  ::eventfd_write(event_, 1);
}

bool wake_up::wait(int socket, std::optional<duration> longest) const {
  ::pollfd both[] = {{event_, POLLIN, 0}, {socket, POLLIN, 0}};
  const auto milliseconds =
      longest ? std::chrono::ceil<std::chrono::milliseconds>(*longest).count() : -1;
  if (::poll(both, 2, static_cast<int>(milliseconds)) <= 0)
    return false;
  ::eventfd_t rings = 0;
  if (both[0].revents != 0)
    ::eventfd_read(event_, &rings);
  return both[1].revents != 0;
}

error away(error why, duration pause) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(pause).count();
  why.message += "; it is tried again in " + std::to_string(milliseconds) + " ms";
  return why;
}

error too_many_waiting(const std::string& what, std::size_t limit) {
  return {errc::resource_exhausted,
          what + ": " + std::to_string(limit) + " operations may wait; try again later"};
}

} // namespace deja
