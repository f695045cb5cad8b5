#include <deja/transport/blob/file_descriptor.hpp>

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace deja {

namespace {

errc code_of(int number) {
  switch (number) {
  case ENOENT:
    return errc::not_found;
  case EACCES:
  case EPERM:
  case EROFS:
    return errc::permission_denied;
  case ENOSPC:
  case EDQUOT:
  case EFBIG:
  case EMFILE:
  case ENFILE:
  case ENOMEM:
    return errc::resource_exhausted;
  case EINVAL:
  case ELOOP:
  case ENAMETOOLONG:
    return errc::invalid_argument;
  case EEXIST:
  case EISDIR:
  case ENOTDIR:
  case ENOTEMPTY:
    return errc::failed_precondition;
  default:
    return errc::unavailable;
  }
}

} // namespace

void file_descriptor::close() {
  if (number_ >= 0)
    ::close(std::exchange(number_, -1));
}

error system_error(std::string_view doing, int number) {
  return {code_of(number), std::string{doing} + ": " + std::generic_category().message(number)};
}

result<std::size_t> read_some(int file, std::span<char> buffer, std::string_view doing) {
  for (;;) {
    const auto count = ::read(file, buffer.data(), buffer.size());
    if (count >= 0)
      return static_cast<std::size_t>(count);
    if (errno != EINTR)
      return system_error(doing, errno);
  }
}

result<void> write_all(int file, std::string_view bytes, std::string_view doing) {
  while (!bytes.empty()) {
    const auto count = ::write(file, bytes.data(), bytes.size());
    if (count >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EINTR)
      return system_error(doing, errno);
  }
  return {};
}

} // namespace deja
