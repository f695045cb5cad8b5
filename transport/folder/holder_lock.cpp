#include <deja/transport/folder/holder_lock.hpp>

#include <deja/messages/clock.hpp>
#include <deja/messages/sha256.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace deja {

namespace {

/// Commands have the small numbers for their own use.
constexpr int out_of_the_way = 64;

/// Who comes after a killed holder wants to see its file until the reservations have run out. When
/// it was killed nobody knows, only when it began.
constexpr std::chrono::hours kept{24};

std::filesystem::path holders(const data_folder& folder) {
  return folder.path() / "holders";
}

std::filesystem::path file_of(const data_folder& folder, const std::string& owner) {
  return holders(folder) / to_hex(sha256::of(owner));
}

/// In which boot a file was made that nobody locks any more; nothing where it is locked or not
/// there. Only a lock of this very kernel is sure to be seen.
std::optional<std::string> left_from(const std::filesystem::path& path) {
  const file_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file || ::flock(file.get(), LOCK_SH | LOCK_NB) != 0)
    return std::nullopt;
  std::array<char, 64> boot{};
  const auto size = read_some(file.get(), boot, "");
  if (!size)
    return std::nullopt;
  return std::string{boot.data(), *size};
}

void clear_away(const std::filesystem::path& folder) {
  std::error_code problem, gone;
  const auto old = std::filesystem::file_time_type::clock::now() - kept;
  for (std::filesystem::directory_iterator one{folder, problem}, end; !problem && one != end;
       one.increment(problem))
    if (one->last_write_time(gone) < old && left_from(one->path()))
      ::unlink(one->path().c_str());
}

} // namespace

result<holder_lock> holder_lock::take(const data_folder& folder, const std::string& owner) {
  const auto path = file_of(folder, owner);
  const auto failed = [&] {
    return system_error("making " + path.string(), errno);
  };
  if (::mkdir(holders(folder).c_str(), 0700) != 0 && errno != EEXIST)
    return failed();
  clear_away(holders(folder));
  const file_descriptor made{::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!made)
    return failed();
  // Without O_CLOEXEC, so that it goes on to what is started.
  file_descriptor kept_open{::fcntl(made.get(), F_DUPFD, out_of_the_way)};
  if (!kept_open) {
    auto why = failed();
    ::unlink(path.c_str());
    return why;
  }
  holder_lock taken{path, std::move(kept_open)};
  if (::flock(made.get(), LOCK_EX | LOCK_NB) != 0)
    return failed();
  if (auto written = write_all(made.get(), clock::system()->boot_id(), path.string()); !written)
    return written.error();
  return taken;
}

holder_lock::~holder_lock() {
  if (file_)
    ::unlink(path_.c_str());
}

bool holder_has_ended(const data_folder& folder, const std::string& owner) {
  return left_from(file_of(folder, owner)) == clock::system()->boot_id();
}

} // namespace deja
