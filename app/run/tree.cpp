#include <deja/app/run/file_error.hpp>
#include <deja/app/run/link_check.hpp>
#include <deja/app/run/tree.hpp>
#include <deja/messages/record_hash.hpp>
#include <deja/transport/blob/file_descriptor.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

namespace deja::run {

namespace {

error is_special(const std::filesystem::path& path) {
  return {errc::invalid_argument, "\"" + path.native() +
                                      "\" is a device, socket or pipe; only files, folders and "
                                      "links can be remembered"};
}

result<std::vector<std::string>> names_in(int folder, const std::filesystem::path& shown) {
  // Through a descriptor of its own, which the stream then closes.
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0)
    return file_error(errno, "open the folder", shown);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(copy), ::closedir};
  if (!stream) {
    const int problem = errno;
    ::close(copy);
    return file_error(problem, "open the folder", shown);
  }
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const auto* item = ::readdir(stream.get());
    if (!item)
      break;
    std::string name = item->d_name;
    if (name != "." && name != "..")
      names.push_back(std::move(name));
  }
  if (errno != 0)
    return file_error(errno, "read the folder", shown);
  std::sort(names.begin(), names.end());
  return names;
}

result<std::string> link_target(int folder, const char* name, const std::filesystem::path& shown) {
  std::array<char, 4096> buffer{};
  const auto length = ::readlinkat(folder, name, buffer.data(), buffer.size());
  if (length < 0)
    return file_error(errno, "read the link", shown);
  return std::string{buffer.data(), static_cast<std::size_t>(length)};
}

/// Walks by descriptors, so that a folder that is renamed or replaced by a link meanwhile can't
/// lead elsewhere.
class walk {
public:
  walk(std::filesystem::path root, file_digester& digester)
      : root_(std::move(root)), digester_(digester) {}

  result<tree> run(root_link links) {
    struct stat status {};

    const bool follow = links == root_link::follow;
    if (::fstatat(AT_FDCWD, root_.c_str(), &status, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
      return file_error(errno, "find", root_);
    if (S_ISLNK(status.st_mode))
      return error{errc::failed_precondition,
                   "\"" + root_.native() + "\" is a link, not a file or a folder"};
    if (auto done = visit(AT_FDCWD, root_.c_str(), "", status, follow ? 0 : O_NOFOLLOW); !done)
      return done.error();
    return std::move(nodes_);
  }

private:
  std::filesystem::path shown(const std::string& path) const {
    return path.empty() ? root_ : root_ / path;
  }

  result<void> visit(int parent, const char* name, const std::string& path,
                     const struct stat& status, int open_flags) {
    if (S_ISLNK(status.st_mode))
      return add_link(parent, name, path);
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
      return is_special(shown(path));
    // Non-blocking, lest a pipe that took the file's place meanwhile hold us.
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | open_flags;
    file_descriptor opened{::openat(parent, name, flags)};
    if (!opened)
      return file_error(errno, "open", shown(path));

    struct stat found {};

    if (::fstat(opened.get(), &found) != 0)
      return file_error(errno, "look at", shown(path));
    if (S_ISDIR(found.st_mode))
      return add_folder(std::move(opened), path);
    if (!S_ISREG(found.st_mode))
      return is_special(shown(path));
    auto content = digester_.of(opened.get(), found, shown(path));
    if (!content)
      return content.error();
    nodes_.push_back({.path = path,
                      .kind = node_kind::file,
                      .executable = (found.st_mode & S_IXUSR) != 0,
                      .target = {},
                      .content = *content,
                      .size = static_cast<std::uint64_t>(found.st_size),
                      .stamp = stamp_of(found)});
    return {};
  }

  result<void> add_folder(file_descriptor folder, const std::string& path) {
    auto names = names_in(folder.get(), shown(path));
    if (!names)
      return names.error();
    nodes_.push_back({.path = path, .kind = node_kind::folder, .target = {}});
    if (path.empty())
      top_ = folder.get();
    for (const auto& name : *names) {
      const auto inner = path.empty() ? name : path + '/' + name;

      struct stat status {};

      if (::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return file_error(errno, "find", shown(inner));
      if (auto done = visit(folder.get(), name.c_str(), inner, status, O_NOFOLLOW); !done)
        return done;
    }
    return {};
  }

  result<void> add_link(int parent, const char* name, const std::string& path) {
    auto target = link_target(parent, name, shown(path));
    if (!target)
      return target.error();
    if (leads_out(top_, path, *target))
      return error{errc::invalid_argument, "the link \"" + shown(path).native() + "\" to \"" +
                                               *target + "\" leads out of its folder \"" +
                                               root_.native() + "\""};
    nodes_.push_back({.path = path, .kind = node_kind::link, .target = *target});
    return {};
  }

  std::filesystem::path root_;
  file_digester& digester_;
  int top_ = -1; ///< The root folder.
  tree nodes_;
};

} // namespace

result<tree> read_tree(const std::filesystem::path& path, root_link links,
                       file_digester& digester) {
  return walk{path, digester}.run(links);
}

digest digest_of(const tree& nodes) {
  record_hash hash;
  for (const auto& node : nodes) {
    hash.add(node.path).add({reinterpret_cast<const char*>(&node.kind), 1});
    if (node.kind == node_kind::file)
      hash.add(node.executable ? "x" : "-").add(bytes_of(node.content));
    else if (node.kind == node_kind::link)
      hash.add(node.target);
  }
  return hash.finish();
}

} // namespace deja::run
