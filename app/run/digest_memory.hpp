#pragma once

#include <deja/app/run/file_stamp.hpp>
#include <deja/messages/error.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>

namespace deja::run {

/// Remembers the digests of files that lie still, in `digests.sqlite`, so that a hit on gigabytes
/// need not read them. Only an optimisation: where the database can't be opened, read or written,
/// nothing is recalled and files are read. Many processes may share one database. Not thread-safe.
///
/// A stamp is believed where the file's `changed` time must have moved with its content. So nothing
/// is remembered of a file with coarse times (see `has_coarse_times`). What the kernel itself
/// stamps late escapes: stores through a memory map that was made before the file was read.
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

  /// Far above a clock tick, and above what the clocks of a file server and this machine are apart.
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
