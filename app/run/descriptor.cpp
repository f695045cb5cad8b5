#include <deja/app/run/descriptor.hpp>

#include <cerrno>
#include <system_error>

#include <poll.h>

namespace deja::run {

namespace {

errc code_of(int number) {
  switch (number) {
  case ENOENT:
  case ENOTDIR:
    return errc::not_found;
  case EACCES:
  case EPERM:
  case EROFS:
    return errc::permission_denied;
  case ENOSPC:
  case EDQUOT:
  case EMFILE:
  case ENFILE:
  case ENOMEM:
  case EFBIG:
    return errc::resource_exhausted;
  case EISDIR:
  case ELOOP:
  case EEXIST:
  case ENOTEMPTY:
  case ENAMETOOLONG:
    return errc::failed_precondition;
  default:
    return errc::unavailable;
  }
}

} // namespace

error system_error(int number, std::string_view doing, const std::filesystem::path& path) {
  return {code_of(number), "can't " + std::string{doing} + " \"" + path.native() +
                               "\": " + std::generic_category().message(number)};
}

int write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(to, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0 && errno == EAGAIN) {
      // Whoever shares the stream with us made it non-blocking.
      pollfd room{to, POLLOUT, 0};
      ::poll(&room, 1, -1);
      continue;
    }
    if (written < 0)
      return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

} // namespace deja::run
