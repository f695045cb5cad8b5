#include <deja/app/run/file_error.hpp>
#include <deja/app/run/temporary_file.hpp>
#include <deja/messages/random_digits.hpp>

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>

namespace deja::run {

namespace {

std::filesystem::path folder() {
  const char* set = std::getenv("TMPDIR");
  return set && *set ? set : "/tmp";
}

} // namespace

std::filesystem::path temporary_path() {
  return folder() / (".deja-" + random_digits());
}

result<temporary_file> temporary_file::create() {
  file_descriptor file{::open(folder().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (file)
    return temporary_file{std::move(file)};
  // Not every file system has files without a name.
  const auto path = temporary_path();
  file = file_descriptor{::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)};
  if (!file)
    return file_error(errno, "make a temporary file in", folder());
  ::unlink(path.c_str());
  return temporary_file{std::move(file)};
}

result<temporary_file> temporary_file::adopt(const std::filesystem::path& path) {
  file_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file)
    return file_error(errno, "open", path);
  ::unlink(path.c_str());
  return temporary_file{std::move(file)};
}

result<void> temporary_file::write(std::string_view bytes) {
  return write_all(file_.get(), bytes,
                   "can't write a temporary file in \"" + folder().native() + '"');
}

} // namespace deja::run
