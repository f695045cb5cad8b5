#pragma once

#include <atomic>
#include <functional>
#include <sqlite3.h>
#include <string_view>

namespace deja::testing {

/// Stands between SQLite and the files of all databases that are opened while it lives, so that a
/// test can act at a certain moment of a commit, or have it fail. One at a time; the databases are
/// closed before it goes. What it is told to do is set while nothing is written.
class watched_sqlite {
public:
  watched_sqlite();
  ~watched_sqlite();

  watched_sqlite(const watched_sqlite&) = delete;
  watched_sqlite& operator=(const watched_sqlite&) = delete;

  /// Called by the writer inside its COMMIT, once the commit can be seen by those who begin to
  /// read. Also where it undoes its work.
  std::function<void()> on_commit_shown;

  /// Gives the status that the flushing of this file fails with, SQLITE_OK for none.
  std::function<int(std::string_view path)> fail_sync;

  /// The same for writing to it.
  std::function<int(std::string_view path)> fail_write;

  /// Locks of write-ahead logs that were taken or let go: nothing is read without one.
  std::atomic<int> locks = 0;

private:
  struct file;

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* into, int flags, int* got);

  sqlite3_vfs* const system_;
  sqlite3_vfs vfs_;
};

} // namespace deja::testing
