#include <deja/transport/file_lock.hpp>

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>

namespace deja {

namespace {

error failed(const std::string& doing, const std::filesystem::path& file, int number) {
  auto why = system_error(doing + " " + file.string(), number);
  if (why.code == errc::unavailable) // which says that another holds the lock
    why.code = errc::internal;
  if (why.code == errc::not_found)
    why.code = errc::failed_precondition;
  return why;
}

result<file_descriptor> open_file(const std::filesystem::path& file) {
  // For the same users as an SQLite file beside it, as the umask says.
  file_descriptor opened{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)};
  if (!opened)
    return failed("opening", file, errno);
  return opened;
}

/// Another kind of lock on the same file, which goes with its descriptor too.
struct ::flock wish(short kind) {
  struct ::flock made {};

  made.l_type = kind;
  made.l_whence = SEEK_SET;
  made.l_len = 1;
  return made;
}

/// Best effort: without it the file may be had late or never, but by nobody wrongly.
void wish_for(int file) {
  auto wanted = wish(F_WRLCK);
  (void)::fcntl(file, F_OFD_SETLK, &wanted);
}

bool is_wished_for(int file) {
  auto in_the_way = wish(F_RDLCK);
  return ::fcntl(file, F_OFD_GETLK, &in_the_way) == 0 && in_the_way.l_type != F_UNLCK;
}

} // namespace

result<file_lock> file_lock::share(const std::filesystem::path& file) {
  return lock(file, LOCK_SH);
}

result<file_lock> file_lock::share_in_turn(const std::filesystem::path& file) {
  auto shared = share(file);
  if (shared && is_wished_for(shared->file_.get()))
    return error{errc::unavailable, file.string() + " is wanted by another process"};
  return shared;
}

result<file_lock> file_lock::take(const std::filesystem::path& file, duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto wishing = open_file(file);
  if (!wishing)
    return wishing.error();
  while (true) {
    wish_for(wishing->get());
    auto taken = lock(file, LOCK_EX);
    if (taken || taken.error().code != errc::unavailable ||
        std::chrono::steady_clock::now() >= deadline)
      return taken;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

result<file_lock> file_lock::lock(const std::filesystem::path& file, int how) {
  auto opened = open_file(file);
  if (!opened)
    return opened.error();
  while (::flock(opened->get(), how | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return error{errc::unavailable, file.string() + " is held by another process"};
    if (errno != EINTR)
      return failed("locking", file, errno);
  }
  return file_lock{std::move(*opened)};
}

} // namespace deja
