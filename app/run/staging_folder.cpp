#include <deja/app/run/file_error.hpp>
#include <deja/app/run/staging_folder.hpp>
#include <deja/messages/random_digits.hpp>

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace deja::run {

namespace {

namespace fs = std::filesystem;

constexpr auto prefix = ".deja-staging-";

void remove_quietly(const fs::path& path) {
  // What can't be removed is in nobody's way but the next sweep's.
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

/// The folder's lock, if nobody has it and the folder is still there.
file_descriptor try_lock(const fs::path& path, int mode) {
  file_descriptor folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};

  struct stat status {};

  if (!folder || ::flock(folder.get(), mode | LOCK_NB) != 0 ||
      ::fstat(folder.get(), &status) != 0 || status.st_nlink == 0)
    return {};
  return folder;
}

void sweep(const fs::path& parent) {
  std::error_code problem;
  for (fs::directory_iterator item{parent, problem}, end; !problem && item != end;
       item.increment(problem))
    if (item->path().filename().native().starts_with(prefix))
      if (const auto abandoned = try_lock(item->path(), LOCK_EX))
        remove_quietly(item->path());
}

} // namespace

result<staging_folder> staging_folder::create(const fs::path& parent) {
  sweep(parent);
  // Another's sweep may come between making and locking; then it is made again.
  for (int attempt = 0; attempt < 100; ++attempt) {
    auto path = parent / (prefix + random_digits());
    if (::mkdir(path.c_str(), 0700) != 0)
      return file_error(errno, "make the folder", path);
    if (auto lock = try_lock(path, LOCK_SH))
      return staging_folder{std::move(path), std::move(lock)};
  }
  return error{errc::unavailable, "can't keep a folder to work in in \"" + parent.native() + "\""};
}

staging_folder::~staging_folder() {
  if (lock_)
    remove_quietly(path_);
}

} // namespace deja::run
