#include <deja/transport/blob/local_folder.hpp>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace deja {

namespace {

constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool is_link(int folder, const std::string& name) {
  struct ::stat facts {};

  return ::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISLNK(facts.st_mode);
}

} // namespace

result<local_folder> local_folder::open(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem)
    return system_error("making the blob store's folder " + path, problem.value());
  // The root itself may well be a link: it is the user's own word.
  file_descriptor root{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!root)
    return system_error("opening the blob store's folder " + path, errno);
  return local_folder{path, std::move(root)};
}

error local_folder::missing(const std::string& name) const {
  // A store that is gone as a whole must not look like a miss.
  struct ::stat facts {};

  if (::fstat(root_.get(), &facts) != 0 || facts.st_nlink == 0)
    return {errc::unavailable,
            "looking for blob \"" + name + "\": the store's folder " + path_ + " has been removed"};
  return {errc::not_found, "there is no blob \"" + name + "\" in " + path_};
}

error local_folder::cannot_enter(int folder, const std::string& part, const std::string& name,
                                 bool make, int number) const {
  if ((number == ENOTDIR || number == ELOOP) && is_link(folder, part))
    return {errc::invalid_argument, "blob \"" + name + "\" in " + path_ + ": \"" + part +
                                        "\" is a symbolic link; a store doesn't follow links"};
  if (number == ENOTDIR && make)
    return {errc::failed_precondition, "writing blob \"" + name + "\" in " + path_ + ": \"" + part +
                                           "\" is a file, not a folder"};
  if (number == ENOTDIR || number == ENOENT)
    return missing(name);
  return system_error("opening folder \"" + part + "\" for blob \"" + name + "\" in " + path_,
                      number);
}

result<folder_entry> local_folder::resolve(const std::string& name, bool make) const {
  file_descriptor folder;
  std::size_t start = 0;
  for (auto slash = name.find('/'); slash != name.npos; slash = name.find('/', start)) {
    const auto part = name.substr(start, slash - start);
    const int at = folder ? folder.get() : root_.get();
    file_descriptor next{::openat(at, part.c_str(), folder_flags)};
    if (!next && errno == ENOENT && make) {
      if (::mkdirat(at, part.c_str(), 0777) != 0 && errno != EEXIST)
        return errno == ENOENT ? missing(name)
                               : system_error("making folder \"" + part + "\" for blob \"" + name +
                                                  "\" in " + path_,
                                              errno);
      if (::fsync(at) != 0)
        return system_error("flushing the folder of blob \"" + name + "\" in " + path_, errno);
      next = file_descriptor{::openat(at, part.c_str(), folder_flags)};
    }
    if (!next)
      return cannot_enter(at, part, name, make, errno);
    folder = std::move(next);
    start = slash + 1;
  }
  if (!folder) {
    folder = file_descriptor{::fcntl(root_.get(), F_DUPFD_CLOEXEC, 0)};
    if (!folder)
      return system_error("opening the blob store's folder " + path_, errno);
  }
  return folder_entry{std::move(folder), name.substr(start)};
}

result<file_descriptor> local_folder::open_file(const std::string& name,
                                                struct ::stat& facts) const {
  auto at = resolve(name, false);
  if (!at)
    return at.error();
  // O_NONBLOCK: a named pipe that somebody put there must not hang us.
  file_descriptor file{
      ::openat(at->folder.get(), at->name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (!file)
    return cannot_enter(at->folder.get(), at->name, name, false, errno);
  if (::fstat(file.get(), &facts) != 0)
    return system_error("looking at blob \"" + name + "\" in " + path_, errno);
  if (!S_ISREG(facts.st_mode))
    return missing(name);
  return file;
}

} // namespace deja
