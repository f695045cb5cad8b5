#pragma once

#include <deja/messages/cache.hpp>
#include <deja/messages/error.hpp>

#include <compare>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

struct stat;

namespace deja::run {

/// What tells one state of a file from another without reading it. Times in ns since the epoch.
struct file_stamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;
  std::int64_t changed = 0;

  auto operator<=>(const file_stamp&) const = default;
};

file_stamp stamp_of(const struct stat& status);

/// Remembers the digests of files that lie still, in `digests.sqlite`, so that a hit on gigabytes
/// need not read them. Only an optimisation: where the database can't be opened, read or written,
/// nothing is recalled and files are read. Many processes may share one database. Not thread-safe.
class digest_memory {
public:
  /// The database is opened at the first `recall` and made by `save`. An empty path: within this
  /// process only.
  explicit digest_memory(std::filesystem::path database = {});
  ~digest_memory();

  /// The digest recorded for exactly this state.
  std::optional<digest> recall(const file_stamp& stamp);

  /// Records what was read at `read_at` (when the reading began). A file that changed within the
  /// clock's grain before that is not recorded: it could change once more and keep its stamp.
  void record(const file_stamp& stamp, const digest& content, wall_time read_at);

  /// Writes what is new to the database, in one transaction. A file that is no database, or a
  /// damaged one, is removed.
  void save();

  /// The coarsest time stamps of common file systems.
  static constexpr duration grain = std::chrono::seconds{2};

private:
  class reader;

  void read_database();
  result<void> write_database();

  std::filesystem::path path_;
  std::unique_ptr<reader> reader_;
  bool tried_to_read_ = false;
  std::map<file_stamp, digest> fresh_;
};

} // namespace deja::run
