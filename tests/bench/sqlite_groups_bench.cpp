// What one SQLite writer does in groups without HTTP: rows like a service's entries, inserted
// unless they are there, 64 a durable transaction.
//   deja_sqlite_bench FOLDER SECONDS full|normal    prints rows a second; a database in the folder
//                                                   grows

#include <sqlite3.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace {

using steady = std::chrono::steady_clock;

constexpr int rows_a_group = 64;

sqlite3* open(const std::string& path) {
  sqlite3* database = nullptr;
  if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), sqlite3_errmsg(database));
    std::exit(1);
  }
  return database;
}

void check(sqlite3* database, int status) {
  if (status == SQLITE_OK || status == SQLITE_DONE)
    return;
  std::fprintf(stderr, "%s\n", sqlite3_errmsg(database));
  std::exit(1);
}

void run(sqlite3* database, const char* statement) {
  check(database, sqlite3_exec(database, statement, nullptr, nullptr, nullptr));
}

constexpr auto schema = R"(
PRAGMA journal_mode=WAL;
CREATE TABLE IF NOT EXISTS entry (
  id BLOB PRIMARY KEY NOT NULL, org BLOB NOT NULL, project BLOB NOT NULL, domain BLOB NOT NULL,
  key BLOB NOT NULL, task BLOB NOT NULL, output BLOB NOT NULL, content BLOB NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL, accessed INTEGER NOT NULL, expires INTEGER,
  generation INTEGER NOT NULL
))";

constexpr auto insert = R"(
INSERT INTO entry VALUES (?, 'org', 'project', 'development', ?, 'workflows.training.train_model',
                          ?, ?, ?, ?, ?, NULL, ?) ON CONFLICT DO NOTHING)";

/// Inserts rows with random primary keys, as digests are.
class writer {
public:
  writer(const std::string& path, const std::string& synchronous) : database_(open(path)) {
    run(database_, schema);
    run(database_, ("PRAGMA synchronous=" + synchronous).c_str());
    check(database_, sqlite3_prepare_v2(database_, insert, -1, &insert_, nullptr));
  }

  writer(const writer&) = delete;

  ~writer() {
    sqlite3_finalize(insert_);
    sqlite3_close(database_);
  }

  void write_group() {
    run(database_, "BEGIN IMMEDIATE");
    for (int row = 0; row < rows_a_group; ++row)
      write_row();
    run(database_, "COMMIT");
  }

private:
  void write_row() {
    std::array<std::uint64_t, 4> id{};
    for (auto& part : id)
      part = random_();
    ++number_;
    bind(1, id.data(), sizeof id);
    bind(2, key_.data(), key_.size());
    bind(3, output_.data(), output_.size());
    bind(4, id.data(), sizeof id);
    for (int column = 5; column <= 8; ++column)
      check(database_, sqlite3_bind_int64(insert_, column, number_));
    check(database_, sqlite3_step(insert_));
    check(database_, sqlite3_reset(insert_));
  }

  void bind(int column, const void* bytes, std::size_t size) {
    check(database_,
          sqlite3_bind_blob(insert_, column, bytes, static_cast<int>(size), SQLITE_STATIC));
  }

  sqlite3* database_;
  sqlite3_stmt* insert_ = nullptr;
  std::mt19937_64 random_{std::random_device{}()};
  std::int64_t number_ = 0;
  const std::string key_ = std::string(115, 'k');
  const std::string output_ = std::string(230, 'o');
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s FOLDER SECONDS full|normal\n", argv[0]);
    return 2;
  }
  const std::string synchronous = argv[3];
  writer into{std::string{argv[1]} + "/" + synchronous + ".sqlite", synchronous};
  const auto begin = steady::now();
  const auto end = begin + std::chrono::duration<double>(std::atof(argv[2]));
  std::int64_t rows = 0;
  for (; steady::now() < end; rows += rows_a_group)
    into.write_group();
  std::printf("%.0f\n", static_cast<double>(rows) /
                            std::chrono::duration<double>(steady::now() - begin).count());
}
