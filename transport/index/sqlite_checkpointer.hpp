#pragma once

#include <deja/messages/cache.hpp>
#include <deja/transport/index/sqlite.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace deja {

/// When a write-ahead log is copied into its database.
struct checkpoint_limits {
  std::size_t copy_pages = 4096;  ///< After it has grown by so many pages.
  std::size_t log_pages = 16'384; ///< From this size on it is begun anew, all copied: 64 MiB.
  duration idle =
      std::chrono::seconds{1}; ///< A large one is emptied after so long without commits.
  duration patience = std::chrono::milliseconds{20}; ///< How long readers may be waited for.
};

/// Does the checkpoints of a database's writer. The copying is done beside the commits, on a thread
/// with a connection of its own, which begins once there is something to copy. Under ceaseless
/// writing that alone never ends the log's growth: then the writer, between two commits, copies the
/// little that is left and begins the log anew, and when it has nothing to do it empties the log:
/// by its own connection, for others' changes to the log look to it like changes to the rows
/// (`PRAGMA data_version`). Whoever reads an old state for long keeps the log growing so long. What
/// fails is tried again later; commits fail only where the log can't grow.
class sqlite_checkpointer {
public:
  /// `end_snapshots` ends the idle reading transactions of this process; called from both threads.
  sqlite_checkpointer(std::filesystem::path path, checkpoint_limits limits,
                      std::function<void()> end_snapshots);

  /// Ends after the copying that is under way or due.
  ~sqlite_checkpointer();

  sqlite_checkpointer(const sqlite_checkpointer&) = delete;
  sqlite_checkpointer& operator=(const sqlite_checkpointer&) = delete;

  /// The writer's thread, after each commit.
  void after_commit(sqlite::database& writer);

  /// The writer's thread, which has had nothing to do for `idle()` since its last commit. Whether
  /// the log needs nothing more; else it is tried again later.
  bool when_idle(sqlite::database& writer);

  duration idle() const { return limits_.idle; }

private:
  bool is_due() const;
  void run();
  void copy(std::unique_lock<std::mutex>& lock);
  result<sqlite::database::write_ahead_log> checkpoint(sqlite::database& by,
                                                       sqlite::database::checkpoint kind) const;

  const std::filesystem::path path_;
  const checkpoint_limits limits_;
  const std::function<void()> end_snapshots_;

  std::optional<sqlite::database> database_; ///< The thread's alone.

  std::mutex mutex_; ///< For what follows.
  std::condition_variable wake_;
  std::size_t pages_ = 0; ///< Of the log after the last commit.
  std::size_t tried_ = 0; ///< Of the log when the last copying began.
  std::size_t begin_anew_at_;
  bool writers_turn_ = false; ///< To begin the log anew; the thread leaves it alone until then.
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace deja
