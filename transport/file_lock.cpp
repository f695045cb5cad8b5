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

} // namespace

result<file_lock> file_lock::share(const std::filesystem::path& file) {
  return lock(file, LOCK_SH);
}

result<file_lock> file_lock::take(const std::filesystem::path& file, duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto taken = lock(file, LOCK_EX);
    if (taken || taken.error().code != errc::unavailable ||
        std::chrono::steady_clock::now() >= deadline)
      return taken;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

result<file_lock> file_lock::lock(const std::filesystem::path& file, int how) {
  file_descriptor opened{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!opened)
    return failed("opening", file, errno);
  while (::flock(opened.get(), how | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return error{errc::unavailable, file.string() + " is held by another process"};
    if (errno != EINTR)
      return failed("locking", file, errno);
  }
  return file_lock{std::move(opened)};
}

} // namespace deja
