#include <deja/app/run/file_digester.hpp>
#include <deja/app/run/file_error.hpp>

#include <cerrno>
#include <vector>

#include <sys/stat.h>

namespace deja::run {

namespace {

result<digest> read_through(int file, std::uint64_t size, const std::filesystem::path& shown) {
  constexpr std::size_t piece = 256 * 1024;
  std::vector<char> buffer(std::min<std::size_t>(piece, size + 1));
  sha256 hash;
  for (off_t at = 0;;) {
    const auto got = ::pread(file, buffer.data(), buffer.size(), at);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return file_error(errno, "read", shown);
    if (got == 0)
      return hash.finish();
    hash.update({buffer.data(), static_cast<std::size_t>(got)});
    at += got;
  }
}

} // namespace

file_digester::file_digester(digest_memory& memory, std::function<wall_time()> now)
    : memory_(memory), now_(std::move(now)) {
  if (!now_)
    now_ = [] {
      return wall_time{std::chrono::system_clock::now()};
    };
}

result<digest> file_digester::of(int file, const struct stat& before,
                                 const std::filesystem::path& shown) {
  const auto stamp = stamp_of(before);
  const bool remember = stamp.size >= worth_remembering;
  if (remember)
    if (auto known = memory_.recall(stamp))
      return *known;
  const auto began = now_();
  auto content = read_through(file, stamp.size, shown);
  if (!content)
    return content;

  struct stat after {};

  if (::fstat(file, &after) != 0)
    return file_error(errno, "look at", shown);
  if (stamp_of(after) != stamp)
    return error{errc::failed_precondition,
                 "\"" + shown.native() + "\" changed while it was being read"};
  if (remember)
    memory_.record(stamp, *content, began);
  return content;
}

} // namespace deja::run
