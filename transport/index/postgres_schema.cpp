#include <deja/transport/index/postgres_schema.hpp>

namespace deja {

namespace {

using postgres::call;

/// How often the making of a table is tried where others make it at the same time.
constexpr int attempts = 10;

// Keys are bytea: what a client sends need not be valid text for the database. Times are
// nanoseconds since 1970. The output lies without its times, which are put behind it when it is
// read. `decided` and `answer` are the last operation's, for the statement that decides to return.
// One sequence serves generations and fencing tokens.
const std::vector<const char*> first_version{
    R"(CREATE TABLE deja_item (
  id bytea PRIMARY KEY, org bytea NOT NULL, project bytea NOT NULL, domain bytea NOT NULL,
  key bytea NOT NULL,
  task bytea, output bytea, content bytea, created bigint, updated bigint, accessed bigint,
  expires bigint, generation bigint,
  owner bytea, fencing_token bigint, since bigint, heartbeat bigint, ends bigint,
  decided bigint NOT NULL, answer bigint NOT NULL))",
    "CREATE SEQUENCE deja_number"};

// Whoever looks for reservations, or for what has expired, need not read all other rows.
const std::vector<const char*> second_version{
    "CREATE INDEX deja_item_reserved ON deja_item (id) WHERE fencing_token > 0",
    "CREATE INDEX deja_item_expires ON deja_item (id, expires) WHERE expires IS NOT NULL"};

/// What makes each version of the one before it.
const std::vector<const char*>* const versions[] = {&first_version, &second_version};

constexpr std::int64_t schema_version = std::size(versions);

result<std::int64_t> number(postgres::connection& database, const std::string& sql) {
  const auto rows = database.run(call::text(sql));
  if (!rows)
    return rows.error();
  if (rows->count() != 1)
    return error{errc::data_loss, database.name() + ": the row with the schema's version is gone"};
  return rows->integer(0, 0);
}

/// 0: nothing is there yet.
result<std::int64_t> current_version(postgres::connection& database) {
  const auto tables =
      number(database, "SELECT count(*) FROM information_schema.tables WHERE "
                       "table_schema = current_schema() AND table_name = 'deja_schema'");
  if (!tables)
    return tables.error();
  if (*tables == 0)
    return 0;
  return number(database, "SELECT coalesce(max(version), 0) FROM deja_schema");
}

result<void> check(postgres::connection& database, std::int64_t version) {
  if (version > schema_version)
    return error{errc::failed_precondition,
                 database.name() + ": its schema is version " + std::to_string(version) +
                     ", made by a newer Deja; this one knows " + std::to_string(schema_version)};
  return {};
}

/// What comes of making the same table twice at once: it is there, or a row about it.
bool may_be_a_race(const error& why) {
  return why.code == errc::failed_precondition || why.code == errc::internal ||
         why.code == errc::aborted;
}

/// The table with the version, whose row is the lock under which the others are made.
result<void> make_version_row(postgres::connection& database) {
  auto made = database.run(call::text("CREATE TABLE IF NOT EXISTS deja_schema (id int PRIMARY KEY "
                                      "CHECK (id = 1), version bigint NOT NULL)"));
  if (made)
    made = database.run(call::text("INSERT INTO deja_schema VALUES (1, 0) ON CONFLICT DO NOTHING"));
  if (!made)
    return made.error();
  return {};
}

result<void> make_current_locked(postgres::connection& database) {
  const auto version = number(database, "SELECT version FROM deja_schema WHERE id = 1 FOR UPDATE");
  if (!version)
    return version.error();
  if (auto known = check(database, *version); !known || *version == schema_version)
    return known;
  for (auto from = *version; from < schema_version; ++from)
    for (const auto* sql : *versions[from])
      if (auto made = database.run(call::text(sql)); !made)
        return made.error();
  const auto mark = "UPDATE deja_schema SET version = " + std::to_string(schema_version);
  if (auto marked = database.run(call::text(mark)); !marked)
    return marked.error();
  return {};
}

result<void> make_current(postgres::connection& database) {
  if (auto begun = database.run(call::text("BEGIN ISOLATION LEVEL READ COMMITTED")); !begun)
    return begun.error();
  auto made = make_current_locked(database);
  // A transaction that failed is rolled back already; to end it twice does no harm.
  const auto ended = database.run(call::text(made ? "COMMIT" : "ROLLBACK"));
  if (made && !ended)
    return ended.error();
  return made;
}

} // namespace

result<void> migrate(postgres::connection& database) {
  result<void> made;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    // First a look, so that who may only read and write needs no more rights.
    const auto version = current_version(database);
    if (!version)
      return version.error();
    if (auto known = check(database, *version); !known || *version == schema_version)
      return known;
    made = make_version_row(database);
    if (made)
      made = make_current(database);
    if (made || !may_be_a_race(made.error()))
      return made;
  }
  return within("making the schema", made.error());
}

} // namespace deja
