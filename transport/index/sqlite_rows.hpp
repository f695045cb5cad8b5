#pragma once

#include <deja/messages/clock.hpp>
#include <deja/transport/index/decision.hpp>
#include <deja/transport/index/index.hpp>
#include <deja/transport/index/sqlite.hpp>

namespace deja {

/// Makes the schema in a new file and checks it in an old one; waits at most `patience` for others
/// that do the same. After a reboot each reservation gets one fresh lease on the new boot's clock.
result<void> migrate(sqlite::database& database, const clock& time,
                     std::chrono::milliseconds patience);

/// Entries and reservations as rows, through one connection's prepared statements.
class sqlite_rows {
public:
  static result<sqlite_rows> prepare_reads(sqlite::database& database);
  static result<sqlite_rows> prepare_all(sqlite::database& database);

  struct wanted {
    const digest& id; ///< The primary key of
    const entry_key& key;
  };

  /// What lies under a key.
  result<stored_state> load(const wanted& one);

  /// What lies under these keys, in order; `database` is the one that this was prepared for. Many
  /// cost less than as many calls. Of one moment only within a transaction.
  result<std::vector<stored_state>> load(sqlite::database& database, std::span<const wanted> all);

  /// Writes what differs; whether anything does.
  result<bool> store(const digest& id, const stored_state& before, const stored_state& after);

  /// The last number given out for a generation or a fencing token.
  result<std::uint64_t> last_number();
  result<void> set_last_number(std::uint64_t last);

  static result<scan_page> scan(sqlite::database& database, const scan_filter& filter,
                                const std::string& cursor, const decision_context& context);

  /// Adds what there is under the keys that begin with this byte.
  static result<void> add_counts(sqlite::database& database, unsigned first_byte,
                                 index_statistics& total);

private:
  static result<void> load(sqlite::statement& by, std::span<const wanted> some, stored_state* to);
  result<bool> store_entry(const digest& id, const shared<entry>& before,
                           const shared<entry>& after);
  result<void> put(const digest& id, const entry& what);
  result<void> put(const digest& id, const reservation_row& row);

  sqlite::statement load_one_;
  std::optional<sqlite::statement>
      load_many_; ///< Prepared when it is wanted: commands look up one.
  sqlite::statement put_entry_, touch_entry_, delete_entry_;
  sqlite::statement put_reservation_, delete_reservation_;
  sqlite::statement last_number_, set_last_number_;
};

} // namespace deja
