#pragma once

#include <deja/transport/file_lock.hpp>

namespace deja {

/// A folder that holds a cache: `format`, `lock`, `socket`, `index.sqlite`, `digests.sqlite` and
/// `deja/` (blobs). Any number of processes may use it at once, each operation under a shared lock;
/// one service may hold it exclusively, and then the others talk to its `socket`. Thread-safe.
class data_folder {
public:
  /// Makes the folder (mode 0700) and its files if need be. Errors: permission_denied,
  /// resource_exhausted (disk full), failed_precondition (a newer format, a network or FUSE file
  /// system: SQLite's locks don't hold there), invalid_argument (not a folder).
  static result<data_folder> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path socket() const { return path_ / "socket"; }

  std::filesystem::path digests() const { return path_ / "digests.sqlite"; }

  std::filesystem::path index() const { return path_ / "index.sqlite"; }

  std::filesystem::path lock() const { return path_ / "lock"; }

  /// The shared lock, or unavailable where a service holds the folder.
  result<file_lock> share() const;

  /// The exclusive lock, waiting at most `patience`; else unavailable.
  result<file_lock> take(duration patience) const;

private:
  explicit data_folder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

/// The default data folder: `$XDG_CACHE_HOME/deja`, else `~/.cache/deja`.
result<std::filesystem::path> default_data_folder();

} // namespace deja
