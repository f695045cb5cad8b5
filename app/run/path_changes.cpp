#include <deja/app/run/file_stamp.hpp>
#include <deja/app/run/path_changes.hpp>

#include <sys/stat.h>

namespace deja::run {

namespace {

namespace fs = std::filesystem;

/// A folder's `changed` moves with `modified` when files are made in it, but alone when it is
/// renamed.
bool was_replaced(const struct stat& status, wall_time since) {
  const auto stamp = stamp_of(status);
  if (!may_have_changed_since(since, stamp))
    return false;
  return S_ISLNK(status.st_mode) || (S_ISDIR(status.st_mode) && stamp.changed != stamp.modified);
}

} // namespace

fs::path path_changes::find(const fs::path& path) {
  fs::path way;
  for (const auto& part : path) {
    way /= part;
    if (!unchanged_.insert(way).second)
      continue;

    struct stat status {};

    if (::lstat(way.c_str(), &status) != 0)
      continue; // Who reads the file finds that out.
    if (was_replaced(status, since_))
      return way;
    if (!S_ISLNK(status.st_mode))
      continue;
    std::error_code problem;
    const auto target = fs::read_symlink(way, problem);
    // A circle of links ends at the first that has been looked at.
    if (auto changed = find(way.parent_path() / target); !changed.empty())
      return changed;
  }
  return {};
}

} // namespace deja::run
