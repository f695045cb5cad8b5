#pragma once

#include <deja/messages/cache.hpp>

#include <filesystem>
#include <set>

namespace deja::run {

/// Finds out whether a path may have led elsewhere before a moment: whether a link on it was made,
/// or a folder on it renamed, since. The file at its end does not tell that. Not thread-safe.
class path_changes {
public:
  /// `since` is of `kernel_time`.
  explicit path_changes(wall_time since) : since_(since) {}

  /// What on the absolute path has changed; empty where nothing has.
  std::filesystem::path find(const std::filesystem::path& path);

private:
  wall_time since_;
  std::set<std::filesystem::path> unchanged_; ///< Each looked at once.
};

} // namespace deja::run
