#include <deja/app/read_file.hpp>
#include <deja/transport/blob/file_descriptor.hpp>

#include <array>
#include <cerrno>

#include <fcntl.h>

namespace deja::app {

result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const auto doing = "can't read \"" + path.native() + '"';
  const file_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file)
    return system_error(doing, errno);
  std::string bytes;
  std::array<char, 64 * 1024> piece{};
  for (;;) {
    const auto got = read_some(file.get(), piece, doing);
    if (!got)
      return got.error();
    if (*got == 0)
      return bytes;
    bytes.append(piece.data(), *got);
    if (bytes.size() > limit)
      return error{errc::resource_exhausted,
                   doing + ": it has more than the limit of " + std::to_string(limit) + " bytes"};
  }
}

} // namespace deja::app
