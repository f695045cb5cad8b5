#include <deja/transport/index/sqlite_rows.hpp>

#include <deja/transport/index/scan.hpp>

#include <algorithm>

namespace deja {

namespace {

// "Deja" as a big-endian number: tells our files from other programs'.
constexpr std::int64_t application_id = 0x44656a61;
constexpr std::int64_t schema_version = 2;

// Keys are blobs: what a client sends need not be valid text for the database. One sequence serves
// generations and fencing tokens; its row outlives everything that was numbered.
//
// Rows lie by age, beside an index of their keys. In the order of the keys (WITHOUT ROWID, as in
// files of earlier programs, which are used as they are) a page would hold eight of them, so the
// tree would be as deep as that has few branches, and new rows would each change a page of their
// own.
constexpr const char* schema = R"(
CREATE TABLE entry (
  id BLOB PRIMARY KEY NOT NULL, org BLOB NOT NULL, project BLOB NOT NULL, domain BLOB NOT NULL,
  key BLOB NOT NULL, task BLOB NOT NULL, output BLOB NOT NULL, content BLOB NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL, accessed INTEGER NOT NULL, expires INTEGER,
  generation INTEGER NOT NULL
);
CREATE TABLE reservation (
  id BLOB PRIMARY KEY NOT NULL, org BLOB NOT NULL, project BLOB NOT NULL, domain BLOB NOT NULL,
  key BLOB NOT NULL, owner BLOB NOT NULL, fencing_token INTEGER NOT NULL, since INTEGER NOT NULL,
  heartbeat INTEGER NOT NULL, lease INTEGER NOT NULL, ends INTEGER NOT NULL
);
CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), last_number INTEGER NOT NULL,
                    boot_id BLOB NOT NULL);
INSERT INTO state VALUES (1, 0, '');
)";

// Since version 2: whoever looks for what has expired need not read all that lives for ever.
constexpr const char* expiry_index =
    "CREATE INDEX entry_expiry ON entry(id, expires) WHERE expires IS NOT NULL";

/// How many keys one statement looks up at most. To begin and end a statement costs as much as half
/// a look-up; with more keys it gains no more.
constexpr int keys_at_once = 16;

constexpr std::string_view key_columns = ", org, project, domain, key, id";
constexpr std::string_view entry_columns =
    "task, output, content, created, updated, accessed, expires, generation";
constexpr std::string_view reservation_columns =
    "owner, fencing_token, since, heartbeat, lease, ends";
constexpr int entry_column_count = 8, reservation_column_count = 6;

std::int64_t count(wall_time time) {
  return time.time_since_epoch().count();
}

wall_time time_of(std::int64_t nanoseconds) {
  return wall_time{duration{nanoseconds}};
}

entry_key read_key(const sqlite::statement& row, int at) {
  return {
      {std::string{row.bytes(at)}, std::string{row.bytes(at + 1)}, std::string{row.bytes(at + 2)}},
      std::string{row.bytes(at + 3)}};
}

digest read_digest(std::string_view bytes) {
  digest value{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), value.size()), value.begin());
  return value;
}

// The columns from `first` on; none where an outer join found none.
shared<entry> read_entry(const sqlite::statement& row, int first, const entry_key& key) {
  const auto generation = row.optional_integer(first + 7);
  if (!generation)
    return std::nullopt;
  auto read = std::make_shared<entry>();
  read->key = key;
  read->task = row.bytes(first);
  read->output = row.bytes(first + 1);
  read->content = read_digest(row.bytes(first + 2));
  read->size = read->output.size();
  read->created = time_of(row.integer(first + 3));
  read->updated = time_of(row.integer(first + 4));
  read->accessed = time_of(row.integer(first + 5));
  if (auto expires = row.optional_integer(first + 6))
    read->expires = time_of(*expires);
  read->generation = static_cast<std::uint64_t>(*generation);
  return std::shared_ptr<const entry>{std::move(read)};
}

shared<reservation_row> read_reservation(const sqlite::statement& row, int first,
                                         const entry_key& key) {
  const auto token = row.optional_integer(first + 1);
  if (!token)
    return std::nullopt;
  reservation_row read;
  read.reservation.key = key;
  read.reservation.owner = row.bytes(first);
  read.reservation.fencing_token = static_cast<std::uint64_t>(*token);
  read.reservation.since = time_of(row.integer(first + 2));
  read.reservation.heartbeat = duration{row.integer(first + 3)};
  read.lease = duration{row.integer(first + 4)};
  read.ends = duration{row.integer(first + 5)};
  return read;
}

/// Of up to so many keys: place, entry and reservation of each that is bound.
std::string load_statement(int keys) {
  std::string places;
  for (int at = 0; at < keys; ++at)
    places += (at == 0 ? "(" : ", (") + std::to_string(at) + ", ?" + std::to_string(at + 1) + ")";
  return "WITH wanted(place, id) AS (VALUES " + places + ") SELECT place, " +
         std::string{entry_columns} + ", " + std::string{reservation_columns} +
         " FROM wanted LEFT JOIN entry ON entry.id = wanted.id"
         " LEFT JOIN reservation ON reservation.id = wanted.id WHERE wanted.id IS NOT NULL";
}

sqlite::statement& bind_key(sqlite::statement& row, const entry_key& key, int at) {
  return row.bind(at, key.where.org)
      .bind(at + 1, key.where.project)
      .bind(at + 2, key.where.domain)
      .bind(at + 3, key.key);
}

// Only those that have an end are looked at, and of these only the ones past it are read whole.
result<scan_page> scan_expired_entries(sqlite::database& database, page_scanner& scanner,
                                       std::string_view after, const decision_context& context) {
  auto ends = database.prepare("SELECT id, expires FROM entry INDEXED BY entry_expiry "
                               "WHERE expires IS NOT NULL AND id > ? ORDER BY id");
  if (!ends)
    return ends.error();
  auto whole = database.prepare("SELECT " + std::string{entry_columns} + std::string{key_columns} +
                                " FROM entry WHERE id = ?");
  if (!whole)
    return whole.error();
  ends->bind(1, after);
  while (true) {
    auto row = ends->step();
    if (!row)
      return row.error();
    if (!*row)
      break;
    const auto id = ends->bytes(0);
    stored_state state;
    if (time_of(ends->integer(1)) <= context.now) {
      auto found = whole->bind(1, id).step();
      if (!found)
        return found.error();
      if (*found)
        state.entry = read_entry(*whole, 0, read_key(*whole, entry_column_count));
      whole->reset();
    }
    if (!scanner.take(read_digest(id), state, context))
      break;
  }
  return scanner.finish();
}

result<void> renew_after_boot(sqlite::database& database, const clock& time) {
  const auto boot = time.boot_id();
  auto renew = database.prepare("UPDATE reservation SET ends = ? + lease");
  if (!renew)
    return renew.error();
  if (auto done = renew->bind(1, time.since_boot().count()).run(); !done)
    return done;
  auto remember = database.prepare("UPDATE state SET boot_id = ?");
  if (!remember)
    return remember.error();
  return remember->bind(1, boot).run();
}

/// Whether nothing is to be done to the file before its use. Errors: it is not ours, or too new.
result<bool> is_current(sqlite::database& database, const clock& time) {
  const auto ours = database.number("PRAGMA application_id");
  const auto version = database.number("PRAGMA user_version");
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  for (const auto* read : {&ours, &version, &tables})
    if (!*read)
      return read->error();
  const auto name = "database " + database.path().string();
  if (*ours != application_id && (*ours != 0 || *version != 0 || *tables != 0))
    return error{errc::failed_precondition, name + ": it is not a cache's"};
  if (*version > schema_version)
    return error{errc::failed_precondition,
                 name + ": its schema is version " + std::to_string(*version) +
                     ", made by a newer Deja; this one knows " + std::to_string(schema_version)};
  if (*version < schema_version)
    return false;
  auto boot = database.prepare("SELECT 1 FROM state WHERE boot_id = ?");
  if (!boot)
    return boot.error();
  const auto id = time.boot_id();
  return boot->bind(1, id).step();
}

result<void> make_current(sqlite::database& database, const clock& time) {
  const auto current = is_current(database, time); // Another may have been here before us.
  if (!current)
    return current.error();
  if (*current)
    return {};
  const auto version = database.number("PRAGMA user_version");
  if (!version)
    return version.error();
  if (*version == 0)
    if (auto made = database.run(schema); !made)
      return made;
  if (*version < schema_version) {
    if (auto made = database.run(expiry_index); !made)
      return made;
    const auto mark = "PRAGMA application_id=" + std::to_string(application_id) +
                      "; PRAGMA user_version=" + std::to_string(schema_version);
    if (auto marked = database.run(mark.c_str()); !marked)
      return marked;
  }
  return renew_after_boot(database, time);
}

} // namespace

result<void> migrate(sqlite::database& database, const clock& time,
                     std::chrono::milliseconds patience) {
  using access = sqlite::database::access;
  bool current = false;
  // First a look, so that a file that is not ours stays as it is.
  auto done = database.transaction(access::read, [&]() -> result<void> {
    auto looked = is_current(database, time);
    if (!looked)
      return looked.error();
    current = *looked;
    return {};
  });
  if (done)
    done = database.use_write_ahead_log(patience);
  if (!done || current)
    return done;
  return database.transaction(access::write, [&] { return make_current(database, time); });
}

result<sqlite_rows> sqlite_rows::prepare_reads(sqlite::database& database) {
  auto prepared = database.prepare(load_statement(1));
  if (!prepared)
    return prepared.error();
  sqlite_rows rows;
  rows.load_one_ = std::move(*prepared);
  return rows;
}

result<sqlite_rows> sqlite_rows::prepare_all(sqlite::database& database) {
  auto rows = prepare_reads(database);
  if (!rows)
    return rows;

  struct text {
    sqlite::statement& into;
    std::string_view sql;
  };

  for (const auto& [into, sql] : {
           text{rows->put_entry_, "REPLACE INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                                  "?10, ?11, ?12, ?13)"},
           text{rows->touch_entry_, "UPDATE entry SET accessed = ?2 WHERE id = ?1"},
           text{rows->delete_entry_, "DELETE FROM entry WHERE id = ?"},
           // In its place, so that nothing changes in the index of keys where only its end does.
           text{rows->put_reservation_,
                "INSERT INTO reservation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
                "ON CONFLICT (id) DO UPDATE SET (owner, fencing_token, since, heartbeat, lease, "
                "ends)"
                " = (excluded.owner, excluded.fencing_token, excluded.since, excluded.heartbeat,"
                " excluded.lease, excluded.ends)"},
           text{rows->delete_reservation_, "DELETE FROM reservation WHERE id = ?"},
           text{rows->last_number_, "SELECT last_number FROM state"},
           text{rows->set_last_number_, "UPDATE state SET last_number = ?"},
       }) {
    auto prepared = database.prepare(sql);
    if (!prepared)
      return prepared.error();
    into = std::move(*prepared);
  }
  return rows;
}

result<stored_state> sqlite_rows::load(const wanted& one) {
  stored_state state;
  if (auto done = load(load_one_, {&one, 1}, &state); !done)
    return done.error();
  return state;
}

result<std::vector<stored_state>> sqlite_rows::load(sqlite::database& database,
                                                    std::span<const wanted> all) {
  std::vector<stored_state> states(all.size());
  if (all.size() > 1 && !load_many_) {
    auto prepared = database.prepare(load_statement(keys_at_once));
    if (!prepared)
      return prepared.error();
    load_many_ = std::move(*prepared);
  }
  for (std::size_t at = 0; at < all.size(); at += keys_at_once) {
    const auto some = all.subspan(at, std::min<std::size_t>(keys_at_once, all.size() - at));
    if (auto done = load(some.size() == 1 ? load_one_ : *load_many_, some, &states[at]); !done)
      return done.error();
  }
  return states;
}

result<void> sqlite_rows::load(sqlite::statement& by, std::span<const wanted> some,
                               stored_state* to) {
  for (std::size_t at = 0; at < some.size(); ++at)
    by.bind(static_cast<int>(at) + 1, bytes_of(some[at].id));
  while (true) {
    const auto row = by.step();
    if (!row)
      return row.error();
    if (!*row)
      break;
    const auto place = static_cast<std::size_t>(by.integer(0));
    const auto& key = some[place].key;
    to[place] = {read_entry(by, 1, key), read_reservation(by, 1 + entry_column_count, key)};
  }
  by.reset();
  return {};
}

result<bool> sqlite_rows::store(const digest& id, const stored_state& before,
                                const stored_state& after) {
  const auto entry = store_entry(id, before.entry, after.entry);
  if (!entry || before.reservation.pointer() == after.reservation.pointer())
    return entry;
  auto done = after.reservation ? put(id, *after.reservation)
                                : delete_reservation_.bind(1, bytes_of(id)).run();
  if (!done)
    return done.error();
  return true;
}

result<bool> sqlite_rows::store_entry(const digest& id, const shared<entry>& before,
                                      const shared<entry>& after) {
  const auto wrote = [](result<void> done) -> result<bool> {
    if (!done)
      return done.error();
    return true;
  };
  if (before && !after)
    return wrote(delete_entry_.bind(1, bytes_of(id)).run());
  if (after && (!before || before->generation != after->generation))
    return wrote(put(id, *after));
  if (after && before->accessed != after->accessed)
    return wrote(touch_entry_.bind(1, bytes_of(id)).bind(2, count(after->accessed)).run());
  return false;
}

result<void> sqlite_rows::put(const digest& id, const entry& what) {
  std::optional<std::int64_t> expires;
  if (what.expires)
    expires = count(*what.expires);
  return bind_key(put_entry_.bind(1, bytes_of(id)), what.key, 2)
      .bind(6, what.task)
      .bind(7, what.output)
      .bind(8, bytes_of(what.content))
      .bind(9, count(what.created))
      .bind(10, count(what.updated))
      .bind(11, count(what.accessed))
      .bind(12, expires)
      .bind(13, static_cast<std::int64_t>(what.generation))
      .run();
}

result<void> sqlite_rows::put(const digest& id, const reservation_row& row) {
  return bind_key(put_reservation_.bind(1, bytes_of(id)), row.reservation.key, 2)
      .bind(6, row.reservation.owner)
      .bind(7, static_cast<std::int64_t>(row.reservation.fencing_token))
      .bind(8, count(row.reservation.since))
      .bind(9, row.reservation.heartbeat.count())
      .bind(10, row.lease.count())
      .bind(11, row.ends.count())
      .run();
}

result<std::uint64_t> sqlite_rows::last_number() {
  auto row = last_number_.step();
  if (!row)
    return row.error();
  const auto last = static_cast<std::uint64_t>(last_number_.integer(0));
  last_number_.reset();
  if (!*row)
    return error{errc::data_loss, "the row that counts generations and fencing tokens is gone"};
  return last;
}

result<void> sqlite_rows::set_last_number(std::uint64_t last) {
  return set_last_number_.bind(1, static_cast<std::int64_t>(last)).run();
}

result<scan_page> sqlite_rows::scan(sqlite::database& database, const scan_filter& filter,
                                    const std::string& cursor, const decision_context& context) {
  auto scanner = page_scanner::start(filter, cursor);
  if (!scanner)
    return scanner.error();
  const bool entries = filter.what == scan_filter::kind::entries;
  const auto last = scanner->after();
  const auto after = cursor.empty() ? std::string_view{} : bytes_of(last);
  if (entries && filter.expired_for)
    return scan_expired_entries(database, *scanner, after, context);
  auto rows =
      database.prepare("SELECT " + std::string{entries ? entry_columns : reservation_columns} +
                       std::string{key_columns} + " FROM " + (entries ? "entry" : "reservation") +
                       " WHERE id > ? ORDER BY id");
  if (!rows)
    return rows.error();
  const int key_column = entries ? entry_column_count : reservation_column_count;
  rows->bind(1, after);
  while (true) {
    auto row = rows->step();
    if (!row)
      return row.error();
    if (!*row)
      break;
    stored_state state;
    if (entries)
      state.entry = read_entry(*rows, 0, read_key(*rows, key_column));
    else
      state.reservation = read_reservation(*rows, 0, read_key(*rows, key_column));
    if (!scanner->take(read_digest(rows->bytes(key_column + 4)), state, context))
      break;
  }
  return scanner->finish();
}

result<void> sqlite_rows::add_counts(sqlite::database& database, unsigned first_byte,
                                     index_statistics& total) {
  const auto add = [&](const char* sql, std::uint64_t& rows, std::uint64_t* bytes) -> result<void> {
    auto query = database.prepare(sql);
    if (!query)
      return query.error();
    const std::string from(1, static_cast<char>(first_byte));
    const std::string to = first_byte == 0xff ? std::string(33, '\xff')
                                              : std::string(1, static_cast<char>(first_byte + 1));
    auto row = query->bind(1, from).bind(2, to).step();
    if (!row)
      return row.error();
    rows += static_cast<std::uint64_t>(query->integer(0));
    if (bytes)
      *bytes += static_cast<std::uint64_t>(query->integer(1));
    return {};
  };
  auto done = add("SELECT count(*), coalesce(sum(length(output)), 0) FROM entry WHERE id >= ? AND "
                  "id < ?",
                  total.entries, &total.bytes);
  if (done)
    done = add("SELECT count(*) FROM reservation WHERE id >= ? AND id < ?", total.reservations,
               nullptr);
  return done;
}

} // namespace deja
