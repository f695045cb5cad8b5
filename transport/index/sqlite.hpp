#pragma once

#include <deja/messages/error.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace deja::sqlite {

/// How a database file is opened.
struct options {
  bool read_only = false;
  std::chrono::milliseconds busy_timeout{10'000}; ///< How long to wait for another's lock.
  bool full_sync = true;     ///< synchronous FULL: a commit survives a power loss. Else NORMAL.
  std::size_t map_bytes = 0; ///< So much of it is read through memory.
};

class statement;

/// One connection. Moved, not copied; used by one thread at a time. Every error names the file.
class database {
public:
  /// Opens or creates the file and leaves all that is in it. What the file is shows at the first
  /// reading: failed_precondition where it is no database.
  static result<database> open(const std::filesystem::path& path, const options& how);

  /// Goes over to a write-ahead log, for good: readers and the writer no longer wait for each
  /// other. A rollback journal is quicker to open and close.
  result<void> use_write_ahead_log(std::chrono::milliseconds patience);

  /// Runs statements that give no rows.
  result<void> run(const char* sql);

  enum class access { read, write };

  /// Does `work` as one transaction: one state of the file to read, all or nothing of what is
  /// written. Where `work` fails, or the commit, it is undone.
  result<void> transaction(access kind, const std::function<result<void>()>& work);

  /// How a checkpoint brings what the write-ahead log holds into the file.
  enum class checkpoint {
    copy,    ///< As much as can be without waiting for anyone.
    restart, ///< All of it, so that the next commit begins the log anew.
    empty,   ///< As well, and the log's file becomes empty.
  };

  /// What a checkpoint has left.
  struct write_ahead_log {
    std::size_t pages = 0;
    std::size_t copied = 0; ///< Of these.
  };

  /// Does a checkpoint. Where others' reading or writing is in the way, `wait` is called until it
  /// gives false, which is unavailable; `copy` never calls it.
  result<write_ahead_log> do_checkpoint(checkpoint kind, const std::function<bool()>& wait);

  /// From now on SQLite does no checkpoints in this connection's commits.
  void leave_checkpoints_to_others();

  /// How many pages the log had after this connection's last commit, since they were left.
  std::size_t log_pages() const { return *log_pages_; }

  /// Prepares a statement for many uses.
  result<statement> prepare(std::string_view sql);

  /// A single number, as `PRAGMA user_version` gives.
  result<std::int64_t> number(std::string_view sql);

  const std::filesystem::path& path() const { return path_; }

  sqlite3* handle() const { return handle_.get(); }

private:
  friend class statement;

  struct closer {
    void operator()(sqlite3* handle) const;
  };

  std::chrono::milliseconds busy_timeout_{};
  std::unique_ptr<std::size_t> log_pages_ = std::make_unique<std::size_t>(0); ///< SQLite writes it.
  std::unique_ptr<sqlite3, closer> handle_;
  std::filesystem::path path_;
};

/// A prepared statement: bind, step, read columns, reset.
class statement {
public:
  statement& bind(int at, std::int64_t value);
  statement& bind(int at, std::string_view bytes); ///< As a blob; must live until reset.
  statement& bind_text(int at, std::string_view text);
  statement& bind(int at, const std::optional<std::int64_t>& value);

  /// Whether there is a row.
  result<bool> step();

  /// Steps once where no row is due, and resets.
  result<void> run();

  std::int64_t integer(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;
  std::string_view bytes(int column) const; ///< Valid until the next step or reset.

  void reset();

private:
  friend class database;

  struct finalizer {
    void operator()(sqlite3_stmt* handle) const;
  };

  std::unique_ptr<sqlite3_stmt, finalizer> handle_;
  std::filesystem::path path_;
};

} // namespace deja::sqlite
