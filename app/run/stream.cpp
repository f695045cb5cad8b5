#include <deja/app/run/stream.hpp>

#include <cerrno>

#include <poll.h>
#include <unistd.h>

namespace deja::run {

int write_to(stream to, std::string_view bytes) {
  const auto number = static_cast<int>(to);
  while (!bytes.empty()) {
    const auto written = ::write(number, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd room{number, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

} // namespace deja::run
