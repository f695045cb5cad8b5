#include <deja/transport/index/postgres_rows.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/messages/digest_map.hpp>
#include <deja/transport/index/scan.hpp>

#include <algorithm>

namespace deja {

namespace {

/// So many rows of a listing are in memory at once.
constexpr std::int64_t scan_batch = 100;

const std::string key_columns = "org, project, domain, key";

postgres::statement lookup_statement(const std::string& now) {
  return {"look_up", "SELECT id, (SELECT " + now + "), " + state_columns +
                         " FROM deja_item WHERE id = ANY ($1::bytea[])"};
}

std::string name_of(const scan_filter& filter) {
  const bool entries = filter.what == scan_filter::kind::entries;
  return std::string{filter.expired_for ? "expired_" : ""} + (entries ? "entries" : "reservations");
}

/// Which rows a scan has to look at, in words that an index of the table knows.
std::string_view rows_of(const scan_filter& filter) {
  if (filter.what == scan_filter::kind::reservations)
    return "fencing_token > 0";
  return filter.expired_for ? "expires IS NOT NULL" : "true";
}

/// Where a page ends that may look at so many rows. No row: at the last one.
postgres::statement page_end_statement(const scan_filter& filter) {
  return {"end_of_" + name_of(filter), "SELECT id FROM deja_item WHERE id > $1::bytea AND " +
                                           std::string{rows_of(filter)} +
                                           " ORDER BY id LIMIT 1 OFFSET $2::bigint"};
}

postgres::statement scan_statement(const std::string& now, const scan_filter& filter) {
  const bool entries = filter.what == scan_filter::kind::entries;
  // Those that live on are left out by whoever reads the rows.
  const auto expired = filter.expired_for
                           ? std::string{entries ? "expires" : "ends"} + " <= " + now + " AND "
                           : std::string{};
  return {"scan_" + name_of(filter),
          "SELECT id, (SELECT " + now + "), " + state_columns + ", " + key_columns +
              " FROM deja_item WHERE id > $1::bytea AND ($2::bytea IS NULL OR org = $2)"
              " AND ($3::bytea IS NULL OR project = $3) AND ($4::bytea IS NULL OR domain = $4)"
              " AND ($5::bytea IS NULL OR task = $5)"
              " AND substring(key FROM 1 FOR octet_length($6::bytea)) = $6"
              " AND ($8::bytea IS NULL OR id <= $8) AND " +
              expired + std::string{rows_of(filter)} + (entries ? " AND generation > 0" : "") +
              " ORDER BY id LIMIT $7::bigint"};
}

postgres::statement count_statement() {
  return {"count_all", "SELECT count(*) FILTER (WHERE generation > 0), coalesce("
                       "sum(octet_length(output)) FILTER (WHERE generation > 0), 0)::bigint, "
                       "count(*) FILTER (WHERE fencing_token > 0) FROM deja_item"};
}

wall_time time_of(std::int64_t nanoseconds) {
  return wall_time{duration{nanoseconds}};
}

/// A row of a digest, a moment and a state.
stored_state read_state(const postgres::rows& rows, int row, const entry_key& key) {
  return {read_entry(rows, row, 2, key), read_reservation(rows, row, 2, key)};
}

entry_key read_key(const postgres::rows& rows, int row, int first) {
  const auto part = [&](int column) {
    return std::string{rows.bytes(row, first + column)};
  };
  return {{part(0), part(1), part(2)}, part(3)};
}

} // namespace

const std::string state_columns = "task, output, content, created, updated, accessed, expires, "
                                  "generation, owner, fencing_token, since, heartbeat, ends";

digest read_digest(std::string_view bytes) {
  digest value{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), value.size()), value.begin());
  return value;
}

shared<entry> read_entry(const postgres::rows& rows, int row, int first, const entry_key& key,
                         part wanted) {
  const auto generation = rows.integer(row, first + 7) * static_cast<int>(wanted);
  if (generation <= 0) // Also where it is NULL.
    return {};
  entry read;
  read.key = key;
  read.task = rows.bytes(row, first);
  read.created = time_of(rows.integer(row, first + 3));
  read.updated = time_of(rows.integer(row, first + 4));
  read.output = with_times(rows.bytes(row, first + 1), read.created, read.updated);
  read.content = read_digest(rows.bytes(row, first + 2));
  read.size = read.output.size();
  read.accessed = time_of(rows.integer(row, first + 5));
  if (const auto expires = rows.optional_integer(row, first + 6))
    read.expires = time_of(*expires);
  read.generation = static_cast<std::uint64_t>(generation);
  return read;
}

std::optional<reservation_row> read_reservation(const postgres::rows& rows, int row, int first,
                                                const entry_key& key, part wanted) {
  const auto token = rows.integer(row, first + 9) * static_cast<int>(wanted);
  if (token <= 0)
    return std::nullopt;
  reservation_row read;
  read.ends = duration{rows.integer(row, first + 12)};
  read.reservation = {.key = key,
                      .owner = std::string{rows.bytes(row, first + 8)},
                      .fencing_token = static_cast<std::uint64_t>(token),
                      .since = time_of(rows.integer(row, first + 10)),
                      .heartbeat = duration{rows.integer(row, first + 11)},
                      .expires = wall_time{read.ends}};
  return read;
}

decision_context moment_at(std::int64_t nanoseconds) {
  return {time_of(nanoseconds), duration{nanoseconds}, {}};
}

std::vector<postgres::statement> postgres_rows::statements(const std::string& now) {
  std::vector<postgres::statement> all{lookup_statement(now), count_statement()};
  for (const auto what : {scan_filter::kind::entries, scan_filter::kind::reservations})
    for (const bool expired : {false, true}) {
      const scan_filter filter{.what = what,
                               .expired_for = expired ? std::optional{duration{}} : std::nullopt};
      all.push_back(page_end_statement(filter));
      all.push_back(scan_statement(now, filter));
    }
  return all;
}

result<std::vector<outcome>> postgres_rows::lookup(postgres::connection& database,
                                                   std::span<const entry_key> keys) {
  const auto ids = primary_keys(keys);
  auto distinct = ids;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<std::optional<std::string_view>> wanted;
  wanted.reserve(distinct.size());
  for (const auto& id : distinct)
    wanted.push_back(bytes_of(id));

  postgres::call ask{"look_up", {}, {}};
  ask.with.all_bytes(wanted);
  const auto rows = database.run(ask);
  if (!rows)
    return rows.error();
  digest_map<int> row_of;
  row_of.reserve(static_cast<std::size_t>(rows->count()));
  for (int row = 0; row < rows->count(); ++row)
    row_of.emplace(read_digest(rows->bytes(row, 0)), row);
  std::vector<outcome> found;
  found.reserve(keys.size());
  for (std::size_t at = 0; at < keys.size(); ++at) {
    const auto row = row_of.find(ids[at]);
    found.push_back(row == row_of.end() ? outcome{}
                                        : visible(read_state(*rows, row->second, keys[at]),
                                                  moment_at(rows->integer(row->second, 1))));
  }
  return found;
}

result<scan_page> postgres_rows::scan(postgres::connection& database, const scan_filter& filter,
                                      const std::string& cursor) {
  auto scanner = page_scanner::start(filter, cursor);
  if (!scanner)
    return scanner.error();
  const bool entries = filter.what == scan_filter::kind::entries;
  std::string after{cursor.empty() ? std::string_view{} : bytes_of(scanner->after())};
  std::optional<digest> end;
  if (filter.rows != 0) {
    postgres::call ask{"end_of_" + name_of(filter), {}, {}};
    ask.with.bytes(after).integer(static_cast<std::int64_t>(filter.rows - 1));
    const auto rows = database.run(ask);
    if (!rows)
      return rows.error();
    if (rows->count() > 0)
      end = read_digest(rows->bytes(0, 0));
  }
  while (true) {
    postgres::call ask{"scan_" + name_of(filter), {}, {}};
    ask.with.bytes(after)
        .bytes(filter.org)
        .bytes(filter.project)
        .bytes(filter.domain)
        .bytes(entries ? filter.task : std::nullopt)
        .bytes(filter.key_prefix)
        .integer(scan_batch)
        .bytes(end ? std::optional{bytes_of(*end)} : std::nullopt);
    const auto rows = database.run(ask);
    if (!rows)
      return rows.error();
    for (int row = 0; row < rows->count(); ++row) {
      const auto id = read_digest(rows->bytes(row, 0));
      const auto key = read_key(*rows, row, 2 + state_column_count);
      if (!scanner->take(id, read_state(*rows, row, key), moment_at(rows->integer(row, 1))))
        return scanner->finish();
      after = bytes_of(id);
    }
    if (rows->count() < scan_batch) {
      if (end)
        scanner->end_after(*end);
      return scanner->finish();
    }
  }
}

result<index_statistics> postgres_rows::statistics(postgres::connection& database) {
  const auto rows = database.run(postgres::call{"count_all", {}, {}});
  if (!rows)
    return rows.error();
  const auto number = [&](int column) {
    return static_cast<std::uint64_t>(rows->integer(0, column));
  };
  return index_statistics{number(0), number(1), number(2)};
}

} // namespace deja
