#pragma once

#include <deja/transport/index/decision.hpp>
#include <deja/transport/index/index.hpp>
#include <deja/transport/index/postgres.hpp>

namespace deja {

/// Entry and reservation of a key lie in one row, each with a number: generation, fencing token. A
/// number below zero says that the part has been taken away.
enum class part : int { there = 1, taken = -1 };

/// What the readers below read, from column `first` on.
extern const std::string state_columns;
inline constexpr int state_column_count = 13;

/// A primary key, or a content's digest.
digest read_digest(std::string_view bytes);

/// The entry or reservation in a row, if it is there, or was until it was taken; expired or not.
shared<entry> read_entry(const postgres::rows& rows, int row, int first, const entry_key& key,
                         part wanted = part::there);
std::optional<reservation_row> read_reservation(const postgres::rows& rows, int row, int first,
                                                const entry_key& key, part wanted = part::there);

/// The moment that a statement says it ran at, as a context for `visible`.
decision_context moment_at(std::int64_t nanoseconds);

/// Look-ups and scans through one connection's prepared statements. `now` is SQL: nanoseconds since
/// 1970.
class postgres_rows {
public:
  static std::vector<postgres::statement> statements(const std::string& now);

  /// What is visible under each key, in order, at one moment.
  static result<std::vector<outcome>> lookup(postgres::connection& database,
                                             std::span<const entry_key> keys);

  static result<scan_page> scan(postgres::connection& database, const scan_filter& filter,
                                const std::string& cursor);

  static result<index_statistics> statistics(postgres::connection& database);
};

} // namespace deja
