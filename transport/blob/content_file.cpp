#include <deja/transport/blob/content_file.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace deja {

result<content_source> content_source::open(const std::filesystem::path& path) {
  auto doing = "reading " + path.string() + " to store it";
  // O_NONBLOCK: opening a named pipe must not hang.
  file_descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!file)
    return system_error(doing, errno);

  struct ::stat facts {};

  if (::fstat(file.get(), &facts) != 0)
    return system_error(doing, errno);
  if (!S_ISREG(facts.st_mode))
    return error{errc::invalid_argument, doing + ": it is not a regular file"};
  return content_source{std::move(file), static_cast<std::uint64_t>(facts.st_size),
                        std::move(doing)};
}

result<content_target> content_target::create(const std::filesystem::path& path) {
  file_descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
  if (!file)
    return system_error("making file " + path.string(), errno);
  return content_target{path, std::move(file)};
}

content_target::~content_target() {
  // Best effort: whoever asked is told of the failure that brought us here.
  if (file_)
    ::unlink(path_.c_str());
}

result<void> content_target::write(std::string_view bytes) {
  hash_.update(bytes);
  return write_all(file_.get(), bytes, "writing file " + path_.string());
}

result<void> content_target::finish(const digest& name) {
  if (const auto found = hash_.finish(); found != name)
    return damaged_content(name, found);
  file_.close();
  return {};
}

error damaged_content(const digest& name, const digest& found) {
  return {errc::data_loss,
          "blob " + to_hex(name) + " is damaged: its content has the digest " + to_hex(found)};
}

error misnamed_content(const digest& name, const digest& found, std::string_view what) {
  return {errc::invalid_argument, "storing " + std::string{what} + " as blob " + to_hex(name) +
                                      ": its content has the digest " + to_hex(found)};
}

} // namespace deja
