#include <deja/transport/folder/data_folder.hpp>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

namespace deja {

namespace {

const std::string format_name = "deja data folder ", known_format = "1";

error failed(const std::string& doing, const std::filesystem::path& what, int number) {
  errc code = errc::internal;
  switch (number) {
  case EACCES:
  case EPERM:
  case EROFS:
    code = errc::permission_denied;
    break;
  case ENOSPC:
  case EDQUOT:
  case EMFILE:
  case ENFILE:
  case ENOLCK:
    code = errc::resource_exhausted;
    break;
  case ENOENT:
    code = errc::failed_precondition;
    break;
  case ENOTDIR:
  case ENAMETOOLONG:
  case EEXIST:
    code = errc::invalid_argument;
    break;
  default:
    break;
  }
  return {code, doing + " " + what.string() + ": " + std::strerror(number)};
}

/// File systems on which SQLite's locks hold between all that can open the file: those of one
/// machine. statfs(2) gives these numbers.
result<void> check_file_system(const std::filesystem::path& path) {
  struct remote {
    std::uint32_t magic;
    const char* name;
  };

  static constexpr auto remotes = std::to_array<remote>({
      {NFS_SUPER_MAGIC, "NFS"},
      {0xff534d42, "CIFS"},
      {0xfe534d42, "SMB2"},
      {SMB_SUPER_MAGIC, "SMB"},
      {0x65735546, "FUSE"},
      {V9FS_MAGIC, "9p"},
      {0x00c36400, "Ceph"},
      {0x0bd00bd0, "Lustre"},
      {AFS_SUPER_MAGIC, "AFS"},
      {CODA_SUPER_MAGIC, "Coda"},
      {0x47504653, "GPFS"},
      {0x01161970, "GFS2"},
      {0x7461636f, "OCFS2"},
  });

  struct statfs found {};

  if (::statfs(path.c_str(), &found) != 0)
    return failed("looking at", path, errno);
  for (const auto& known : remotes)
    if (known.magic == static_cast<std::uint32_t>(found.f_type))
      return error{errc::failed_precondition,
                   "data folder " + path.string() + " lies on a network or FUSE file system (" +
                       known.name +
                       "), where locks between processes do not hold; use a local one"};
  return {};
}

result<void> check_format(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return failed("reading", file, errno);
  std::string found(64, '\0');
  in.read(found.data(), static_cast<std::streamsize>(found.size()));
  found.resize(static_cast<std::size_t>(in.gcount()));
  if (found == format_name + known_format + '\n')
    return {};
  const auto number = found.starts_with(format_name) ? found.substr(format_name.size()) : "";
  if (number.find_first_not_of("0123456789") != number.size() - 1 || !number.ends_with('\n'))
    return error{errc::failed_precondition, file.string() + " is not a data folder's"};
  return error{errc::failed_precondition,
               "data folder " + file.parent_path().string() + " is of format " +
                   number.substr(0, number.size() - 1) + ", made by a newer Deja; this one knows " +
                   known_format};
}

/// Written aside and linked into place, so that nobody sees half of it.
result<void> make_format(const std::filesystem::path& file) {
  auto aside = file;
  aside += "." + std::to_string(::getpid()) + "." +
           std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
  const int descriptor = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return failed("making", aside, errno);
  const auto format = format_name + known_format + '\n';
  const bool written =
      ::write(descriptor, format.data(), format.size()) == static_cast<ssize_t>(format.size()) &&
      ::fsync(descriptor) == 0;
  const int number = errno;
  ::close(descriptor);
  const bool linked = written && (::link(aside.c_str(), file.c_str()) == 0 || errno == EEXIST);
  const int link_number = errno;
  ::unlink(aside.c_str());
  if (!written)
    return failed("writing", aside, number);
  if (!linked)
    return failed("making", file, link_number);
  return {};
}

} // namespace

result<data_folder> data_folder::open(const std::filesystem::path& path) {
  std::error_code problem;
  auto whole = std::filesystem::absolute(path, problem).lexically_normal();
  if (problem)
    return failed("finding", path, problem.value());
  if (!whole.has_filename()) // It ends in a slash.
    whole = whole.parent_path();
  if (!std::filesystem::is_directory(whole, problem)) {
    std::filesystem::create_directories(whole.parent_path(), problem);
    if (problem)
      return failed("making the data folder", whole, problem.value());
    if (::mkdir(whole.c_str(), 0700) != 0 && errno != EEXIST)
      return failed("making the data folder", whole, errno);
    if (!std::filesystem::is_directory(whole, problem))
      return error{errc::invalid_argument, "data folder " + whole.string() + " is not a folder"};
  }
  if (auto local = check_file_system(whole); !local)
    return local.error();
  const auto file = whole / "format";
  if (!std::filesystem::exists(file, problem))
    if (auto made = make_format(file); !made)
      return made.error();
  if (auto known = check_format(file); !known)
    return known.error();
  return data_folder{whole};
}

result<file_lock> data_folder::share() const {
  return file_lock::share(lock());
}

result<file_lock> data_folder::take(duration patience) const {
  return file_lock::take(lock(), patience);
}

result<std::filesystem::path> default_data_folder() {
  const auto variable = [](const char* name) -> std::filesystem::path {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
  };
  // The XDG Base Directory Specification: a relative path counts as unset.
  if (auto cache = variable("XDG_CACHE_HOME"); cache.is_absolute())
    return cache / "deja";
  if (auto home = variable("HOME"); home.is_absolute())
    return home / ".cache" / "deja";
  return error{errc::failed_precondition,
               "there is no default data folder, for neither XDG_CACHE_HOME nor HOME is set; "
               "use --data"};
}

} // namespace deja
