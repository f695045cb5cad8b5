#pragma once

#include <deja/transport/blob/content_store.hpp>
#include <deja/transport/cache_endpoint.hpp>
#include <deja/transport/index/call_rules.hpp>
#include <deja/transport/index/index.hpp>

#include <filesystem>

namespace deja {

/// An exclusive or shared `flock`, held until it is destroyed.
class folder_lock {
public:
  folder_lock(folder_lock&& other) noexcept;
  folder_lock& operator=(folder_lock&& other) noexcept;
  ~folder_lock();

private:
  friend class data_folder;

  explicit folder_lock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

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

  /// The shared lock, or unavailable where a service holds the folder.
  result<folder_lock> share() const;

  /// The exclusive lock, waiting at most `patience`; else unavailable.
  result<folder_lock> take(duration patience) const;

private:
  explicit data_folder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

/// The default data folder: `$XDG_CACHE_HOME/deja`, else `~/.cache/deja`.
result<std::filesystem::path> default_data_folder();

/// Calls on a data folder: in this process under the shared lock, or over the socket of the service
/// that holds it, chosen anew at each call. `index_path`: an index elsewhere, with its lock beside
/// it (`PATH.lock`); empty: the folder's own.
std::unique_ptr<cache_endpoint> make_folder_endpoint(data_folder folder, call_limits limits = {},
                                                     std::filesystem::path index_path = {});

/// The folder's content store, chosen likewise.
std::unique_ptr<content_store> make_folder_content_store(data_folder folder);

} // namespace deja
