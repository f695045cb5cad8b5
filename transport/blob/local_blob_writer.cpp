#include <deja/transport/blob/local_blob_writer.hpp>

#include <deja/transport/blob/local_blob_store.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <linux/fs.h>
#include <random>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

namespace deja {

std::string unfinished_name() {
  std::random_device random;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%ld-%08x%08x", static_cast<long>(::getpid()), random(),
                random());
  return text.data();
}

result<std::unique_ptr<local_blob_writer>>
local_blob_writer::open(std::shared_ptr<const local_folder> store, std::string name) {
  auto at = store->resolve(std::string{unfinished_blobs} + unfinished_name(), true);
  if (!at)
    return at.error();
  file_descriptor file{::openat(at->folder.get(), at->name.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)};
  if (!file)
    return system_error("making a file for blob \"" + name + "\" in " + store->path(), errno);
  return std::unique_ptr<local_blob_writer>{
      new local_blob_writer{std::move(store), std::move(name), std::move(*at), std::move(file)}};
}

local_blob_writer::~local_blob_writer() {
  // A failure leaves the file to whoever sweeps the folder of unfinished blobs.
  if (file_)
    ::unlinkat(unfinished_.folder.get(), unfinished_.name.c_str(), 0);
}

result<void> local_blob_writer::write(std::string_view bytes) {
  return write_all(file_.get(), bytes, doing_);
}

result<void> local_blob_writer::commit() {
  if (::fdatasync(file_.get()) != 0)
    return system_error("flushing to disk, " + doing_, errno);
  auto target = store_->resolve(name_, true);
  if (!target)
    return target.error();
  const int folder = target->folder.get();
  if (::renameat(unfinished_.folder.get(), unfinished_.name.c_str(), folder,
                 target->name.c_str()) != 0)
    return system_error(doing_, errno);
  file_.close();
  if (::fsync(folder) != 0)
    return system_error("flushing the folder, " + doing_, errno);
  return {};
}

result<void> local_blob_writer::copy_from(int source) {
  if (::ioctl(file_.get(), FICLONE, source) == 0)
    return {};
  for (;;) {
    constexpr std::size_t at_once = std::size_t{1} << 30;
    const auto count = ::copy_file_range(source, nullptr, file_.get(), nullptr, at_once, 0);
    if (count == 0)
      return {};
    if (count < 0 && errno != EINTR)
      break;
  }
  // Some file systems know neither; what has been copied so far stays, both offsets have moved.
  std::vector<char> buffer(std::size_t{1} << 18);
  for (;;) {
    auto count = read_some(source, buffer, doing_);
    if (!count)
      return count.error();
    if (*count == 0)
      return {};
    if (auto written = write({buffer.data(), *count}); !written)
      return written;
  }
}

} // namespace deja
