#pragma once

#include <deja/messages/clock.hpp>
#include <deja/transport/index/index.hpp>

#include <filesystem>

namespace deja {

/// A SQLite index: one file in WAL mode, safe for any number of processes on one machine. Each use
/// shares the file's lock (`index_lock`), and is unavailable while another has the file alone.
struct sqlite_index_config {
  std::filesystem::path path{};
  std::shared_ptr<const deja::clock> clock = deja::clock::system();
  bool full_sync = true; ///< False: a power loss may cost the latest puts, but nothing older.
  std::chrono::milliseconds busy_timeout{10'000}; ///< How long to wait for another process.
  std::size_t readers = 8; ///< Connections kept for reading; more threads open more for a while.
  /// The file's lock is held as long as the index is there: rows that are asked for often may then
  /// be kept in memory.
  bool exclusive = false;
  std::size_t hot_bytes = std::size_t{64} << 20; ///< For these rows, where it is exclusive.

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// Opens or makes the file. Errors: failed_precondition (no database, another program's, or a newer
/// Deja's; no folder to make it in), permission_denied, resource_exhausted (disk full), data_loss
/// (damaged), unavailable (locked for too long, or another has it alone). The file is left as it
/// was where it is not ours.
result<std::unique_ptr<index>> make_sqlite_index(sqlite_index_config config);

} // namespace deja
