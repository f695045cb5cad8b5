#include <deja/app/run/file_error.hpp>
#include <deja/app/run/link_check.hpp>
#include <deja/app/run/output_names.hpp>
#include <deja/app/run/restoration.hpp>

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>

namespace deja::run {

namespace {

namespace fs = std::filesystem;

result<void> write_file(const fs::path& path, std::string_view bytes) {
  const file_descriptor file{::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600)};
  if (!file)
    return file_error(errno, "make", path);
  return write_all(file.get(), bytes, "can't write \"" + path.native() + '"');
}

result<void> make_file(const fs::path& path, const stored_node& from, content_store& blobs) {
  auto made = from.content.bytes ? write_file(path, *from.content.bytes)
                                 : blobs.fetch_file(from.content.name, path);
  if (!made)
    return made;
  if (::chmod(path.c_str(), from.node.executable ? 0755 : 0644) != 0)
    return file_error(errno, "set the mode of", path);
  return {};
}

result<void> make_node(const fs::path& root, const stored_node& from, content_store& blobs) {
  const auto path = from.node.path.empty() ? root : root / from.node.path;
  switch (from.node.kind) {
  case node_kind::folder:
    if (::mkdir(path.c_str(), 0755) != 0 || ::chmod(path.c_str(), 0755) != 0)
      return file_error(errno, "make the folder", path);
    return {};
  case node_kind::link:
    if (::symlink(from.node.target.c_str(), path.c_str()) != 0)
      return file_error(errno, "make the link", path);
    return {};
  case node_kind::file:
    break;
  }
  return make_file(path, from, blobs);
}

/// The links of a folder that was made, all checked once everything is there.
result<void> check_links(const fs::path& root, const stored_tree& nodes) {
  const file_descriptor top{::open(root.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!top)
    return file_error(errno, "open the folder", root);
  for (const auto& [node, content] : nodes)
    if (node.kind == node_kind::link && leads_out(top.get(), node.path, node.target))
      return error{errc::invalid_argument, "the entry's link \"" + node.path + "\" to \"" +
                                               node.target + "\" leads out of its folder"};
  return {};
}

/// Swaps two paths in one step where the file system can, else in two; what was at `place` is left
/// for the staging folder's end.
int exchange(const fs::path& made, const fs::path& place) {
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return errno;
  const auto aside = made.native() + ".aside";
  if (::rename(place.c_str(), aside.c_str()) != 0)
    return errno;
  if (::rename(made.c_str(), place.c_str()) != 0) {
    const int problem = errno;
    // Back again, as well as it goes: the first failure is the one to tell.
    [[maybe_unused]] const int back = ::rename(aside.c_str(), place.c_str());
    return problem;
  }
  return 0;
}

/// Puts what was made in place. Over what a rename can't replace, a folder, by exchange.
int put_in_place(const fs::path& made, const fs::path& place) {
  struct stat there {};

  struct stat ours {};

  if (::lstat(made.c_str(), &ours) != 0)
    return errno;
  const bool empty = ::lstat(place.c_str(), &there) != 0;
  if (empty || (!S_ISDIR(there.st_mode) && !S_ISDIR(ours.st_mode)))
    return ::rename(made.c_str(), place.c_str()) == 0 ? 0 : errno;
  return exchange(made, place);
}

} // namespace

result<restoration> restoration::prepare(const core::LiteralMap& outputs,
                                         const std::vector<std::string>& names,
                                         const fs::path& working_folder, content_store& blobs) {
  restoration made;
  for (const auto& name : names) {
    auto place = place_of_output(working_folder, name);
    if (!place)
      return place.error();
    auto nodes = read_output(outputs, name, blobs);
    if (!nodes)
      return within("output \"" + name + "\"", nodes.error());
    if (auto done = made.fetch(*nodes, *place, blobs); !done)
      return within("output \"" + name + "\"", done.error());
  }
  if (auto done = made.fetch_console(outputs, blobs); !done)
    return done.error();
  return made;
}

result<void> restoration::fetch(const stored_tree& nodes, const fs::path& place,
                                content_store& blobs) {
  std::error_code problem;
  fs::create_directories(place.parent_path(), problem);
  if (problem)
    return file_error(problem.value(), "make the folder", place.parent_path());
  auto staging = staging_.find(place.parent_path());
  if (staging == staging_.end()) {
    auto folder = staging_folder::create(place.parent_path());
    if (!folder)
      return folder.error();
    staging = staging_.emplace(place.parent_path(), std::move(*folder)).first;
  }
  const auto made = staging->second.path() / std::to_string(placements_.size());
  placements_.push_back({made, place});
  bool links = false;
  for (const auto& node : nodes) {
    if (auto done = make_node(made, node, blobs); !done)
      return done;
    links = links || node.node.kind == node_kind::link;
    size_ += node.node.size;
  }
  return links ? check_links(made, nodes) : result<void>{};
}

result<void> restoration::fetch_console(const core::LiteralMap& outputs, content_store& blobs) {
  auto content = read_console(outputs);
  if (!content)
    return content.error();
  if (!*content)
    return {};
  auto file = fetch_recording(**content, blobs);
  if (!file)
    return file.error();
  said_ = std::move(*file);
  size_ += (*content)->size;
  return check_recording(said_->get());
}

result<void> restoration::commit() {
  for (const auto& [made, place] : placements_)
    if (const int problem = put_in_place(made, place))
      return file_error(problem, "put in place the output", place);
  return {};
}

} // namespace deja::run
