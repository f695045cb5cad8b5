#include <deja/app/run/file_error.hpp>
#include <deja/app/run/standard_input.hpp>

#include <cerrno>
#include <vector>

#include <fcntl.h>

namespace deja::run {

namespace {

result<digest> copy(int from, temporary_file& to) {
  sha256 hash;
  std::vector<char> buffer(256 * 1024);
  for (;;) {
    const auto got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return file_error(errno, "read", "standard input");
    if (got == 0)
      return hash.finish();
    const std::string_view bytes{buffer.data(), static_cast<std::size_t>(got)};
    hash.update(bytes);
    if (auto done = to.write(bytes); !done)
      return done.error();
  }
}

} // namespace

result<spooled_input> spool_input(int from) {
  auto file = temporary_file::create();
  if (!file)
    return file.error();
  auto content = copy(from, *file);
  if (!content)
    return content.error();
  // Opened anew: from the beginning, and not for writing.
  file_descriptor opened{::open(file->path().c_str(), O_RDONLY | O_CLOEXEC)};
  if (!opened)
    return file_error(errno, "open", "the copy of standard input");
  return spooled_input{std::move(opened), *content};
}

} // namespace deja::run
