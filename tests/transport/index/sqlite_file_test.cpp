#include "index_fixture.hpp"

#include <deja/transport/index/open_index.hpp>
#include <deja/transport/index/sqlite.hpp>

#include <fstream>
#include <sys/stat.h>

namespace {

using namespace deja;
using namespace deja::testing;
namespace fs = std::filesystem;

struct sqlite_fixture {
  result<std::unique_ptr<deja::index>> try_open() {
    return make_sqlite_index({.path = file, .clock = clock});
  }

  blocking_index open() { return blocking_index{try_open().value()}; }

  /// A database as another program would make it.
  void make_database(const char* sql) {
    auto database = sqlite::database::open(file, {});
    BOOST_REQUIRE(database);
    BOOST_REQUIRE_EQUAL(code_of(database->run(sql)), errc::ok);
  }

  std::string read() {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  void write(const std::string& content) { std::ofstream{file, std::ios::binary} << content; }

  /// That opening fails so, with this in its text, and leaves all as it was.
  void is_refused(errc code, const std::string& text) {
    const auto before = read();
    const auto refused = try_open();
    BOOST_TEST(code_of(refused) == code);
    BOOST_TEST(refused.error().message.find(text) != std::string::npos, refused.error().message);
    BOOST_TEST(refused.error().message.find(file.string()) != std::string::npos);
    BOOST_TEST((read() == before));
    for (const auto* beside : {"-wal", "-shm", "-journal"})
      BOOST_TEST(!fs::exists(file.string() + beside), beside);
  }

  temporary_folder folder;
  fs::path file = folder / "index.sqlite";
  std::shared_ptr<settable_clock> clock = std::make_shared<settable_clock>();
};

BOOST_FIXTURE_TEST_SUITE(a_sqlite_index, sqlite_fixture)

BOOST_AUTO_TEST_CASE(that_is_held_alone_but_is_not_alone_overwrites_nothing) {
  blocking_index alone{
      make_sqlite_index({.path = file, .clock = clock, .exclusive = true}).value()};
  alone.apply(put("other", "a"));
  BOOST_TEST(alone.uri("k") == "none");
  fs::remove(file.string() + ".lock"); // So the others don't know.
  auto another = open();
  BOOST_TEST(code_of(another.apply(put("k", "b"))) == errc::ok);
  BOOST_TEST(another.apply(reserve("k", "them")).reservation->owner == "them");
  BOOST_TEST(code_of(alone.apply(put("k", "c"))) == errc::already_exists);
  BOOST_TEST(alone.apply(reserve("k", "us")).reservation->owner == "them");
}

BOOST_AUTO_TEST_CASE(that_is_held_alone_is_unavailable_by_every_name) {
  fs::create_directory(folder / "real");
  file = folder / "real" / "index.sqlite";
  const std::vector<fs::path> names{file, folder / "link", folder / "way" / "index.sqlite",
                                    fs::relative(file)};
  fs::create_symlink(file, names[1]);
  fs::create_directory_symlink(folder / "real", folder / "way");
  auto before = open(); // It has been there all the time, and uses nothing now.
  before.apply(put("k", "a"));
  for (const auto& name : names) {
    const auto alone = make_sqlite_index({.path = name, .clock = clock, .exclusive = true}).value();
    for (const auto& other : names) {
      const auto refused = open_index("sqlite:" + other.string());
      BOOST_TEST(code_of(refused) == errc::unavailable);
      BOOST_TEST(refused.error().message.find("real/index.sqlite.lock") != std::string::npos,
                 refused.error().message);
      const sqlite_index_config also{.path = other, .busy_timeout = 0ms, .exclusive = true};
      BOOST_TEST(code_of(make_sqlite_index(also)) == errc::unavailable);
    }
    BOOST_TEST(code_of(before.apply(put("k", "b"))) == errc::unavailable);
    BOOST_TEST(code_of(before.lookup("k")) == errc::unavailable);
    BOOST_TEST(code_of(before.scan({})) == errc::unavailable);
  }
  BOOST_TEST(before.uri("k") == "a");
  BOOST_TEST(code_of(before.apply(put("l", "b"))) == errc::ok);
  BOOST_TEST(code_of(before.scan({})) == errc::ok);
}

BOOST_AUTO_TEST_CASE(keeps_everything) {
  auto what = put("k", "a");
  what.lifetime = 10s;
  what.created = clock->now() - 1h;
  outcome before;
  {
    auto at = open();
    at.apply({what, reserve("k", "me")});
    clock->pass(1s);
    at.apply(touch("k"));
    before = at.lookup("k");
  }
  auto at = open();
  const auto after = at.lookup("k");
  BOOST_TEST(after.entry->output == before.entry->output);
  BOOST_TEST((after.entry->key == before.entry->key));
  BOOST_TEST(after.entry->task == "task");
  BOOST_TEST((after.entry->content == before.entry->content));
  BOOST_TEST((after.entry->created == before.entry->created));
  BOOST_TEST((after.entry->updated == before.entry->updated));
  BOOST_TEST((after.entry->accessed == before.entry->updated + 1s));
  BOOST_TEST((after.entry->expires == before.entry->expires));
  BOOST_TEST(after.entry->generation == before.entry->generation);
  BOOST_TEST((after.reservation == before.reservation));
}

BOOST_AUTO_TEST_CASE(never_gives_a_number_twice) {
  std::uint64_t last = 0;
  for (int round = 0; round < 3; ++round) {
    auto at = open();
    const auto done = at.apply({put("k", "a"), reserve("k", "me"), erase("k"), release("k", "me")});
    BOOST_TEST(done[0].entry->generation > last);
    BOOST_TEST(done[1].reservation->fencing_token > done[0].entry->generation);
    last = done[1].reservation->fencing_token;
  }
}

BOOST_AUTO_TEST_CASE(keeps_reservations_while_the_machine_runs) {
  open().apply(reserve("k", "me", 30s));
  clock->pass(30s - 1ns);
  BOOST_TEST(owner_of(open().lookup("k").reservation) == "me");
  clock->pass(1ns);
  BOOST_TEST(owner_of(open().lookup("k").reservation) == "nobody");
}

BOOST_AUTO_TEST_CASE(gives_one_fresh_lease_after_a_reboot) {
  const auto token = open().apply(reserve("k", "me", 30s)).reservation->fencing_token;
  clock->reboot(5s);
  {
    auto at = open();
    const auto found = at.lookup("k").reservation.value();
    BOOST_TEST(found.owner == "me");
    BOOST_TEST(found.fencing_token == token);
    BOOST_TEST((found.expires == clock->now() + 30s));
  }
  clock->pass(29s);
  BOOST_TEST(owner_of(open().lookup("k").reservation) == "me"); // Not a second one.
  clock->pass(1s);
  BOOST_TEST(owner_of(open().lookup("k").reservation) == "nobody");
}

BOOST_AUTO_TEST_CASE(is_the_same_file_wherever_the_process_goes) {
  struct working_folder {
    explicit working_folder(const fs::path& to) : before(fs::current_path()) {
      fs::current_path(to);
    }

    ~working_folder() { fs::current_path(before); }

    fs::path before;
  };

  const working_folder here{folder.path()};
  blocking_index at{make_sqlite_index({.path = ":memory:", .clock = clock}).value()};
  at.apply(put("k", "a"));
  fs::create_directory(folder / "elsewhere");
  fs::current_path(folder / "elsewhere");
  BOOST_TEST(at.uri("k") == "a");
}

BOOST_AUTO_TEST_CASE(refuses_a_file_that_is_no_database) {
  for (const auto& content : {std::string{"xy"}, std::string{"[text]\n"}, std::string(4096, '\0'),
                              std::string(9000, 'x')}) {
    write(content);
    is_refused(errc::failed_precondition, "not a database");
  }
}

BOOST_AUTO_TEST_CASE(refuses_another_programs_database) {
  make_database("CREATE TABLE theirs (x)");
  is_refused(errc::failed_precondition, "not a cache's");
}

BOOST_AUTO_TEST_CASE(refuses_an_empty_database_that_another_program_has_claimed) {
  make_database("PRAGMA application_id=7; PRAGMA user_version=1");
  is_refused(errc::failed_precondition, "not a cache's");
}

BOOST_AUTO_TEST_CASE(refuses_a_newer_schema) {
  open().apply(put("k", "a"));
  make_database("PRAGMA journal_mode=DELETE; PRAGMA user_version=3");
  is_refused(errc::failed_precondition, "version 3, made by a newer Deja; this one knows 2");
}

BOOST_AUTO_TEST_CASE(brings_an_older_schema_up_to_date) {
  open().apply(put("k", "a"));
  make_database("PRAGMA journal_mode=DELETE; DROP INDEX entry_expiry; PRAGMA user_version=1");
  auto at = open();
  BOOST_TEST(code_of(at.scan({.expired_for = duration{}})) == errc::ok);
  BOOST_TEST(at.uri("k") == "a");
}

// Before, rows lay in the order of their keys.
BOOST_AUTO_TEST_CASE(uses_tables_of_the_earlier_layout_as_they_are) {
  open(); // makes the file
  make_database(R"(
PRAGMA journal_mode=DELETE;
DROP TABLE entry;
DROP TABLE reservation;
CREATE TABLE entry (
  id BLOB PRIMARY KEY, org BLOB NOT NULL, project BLOB NOT NULL, domain BLOB NOT NULL,
  key BLOB NOT NULL, task BLOB NOT NULL, output BLOB NOT NULL, content BLOB NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL, accessed INTEGER NOT NULL, expires INTEGER,
  generation INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE reservation (
  id BLOB PRIMARY KEY, org BLOB NOT NULL, project BLOB NOT NULL, domain BLOB NOT NULL,
  key BLOB NOT NULL, owner BLOB NOT NULL, fencing_token INTEGER NOT NULL, since INTEGER NOT NULL,
  heartbeat INTEGER NOT NULL, lease INTEGER NOT NULL, ends INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX entry_expiry ON entry(id, expires) WHERE expires IS NOT NULL;
)");
  auto at = open();
  auto passing = put("passing", "a");
  passing.lifetime = 1s;
  at.apply({put("k", "a"), put("gone", "a"), passing, reserve("k", "me"), reserve("l", "me")});
  at.apply({put("k", "b", {.overwrite = true}), touch("k"), erase("gone"), reserve("k", "me", 60s),
            reserve("l", "they"), release("l", "me")});
  BOOST_TEST(at.uri("k") == "b");
  BOOST_TEST(at.uri("gone") == "none");
  BOOST_TEST(owner_of(at.lookup("k").reservation) == "me");
  BOOST_TEST(owner_of(at.lookup("l").reservation) == "nobody");
  BOOST_TEST(at.statistics().entries == 2U);
  BOOST_TEST(at.statistics().reservations == 1U);
  clock->pass(2s);
  BOOST_TEST(at.scan({})->entries.size() == 1U);
  BOOST_TEST(at.scan({.expired_for = duration{}})->entries.size() == 1U);
}

BOOST_AUTO_TEST_CASE(tells_of_a_truncated_file) {
  {
    auto at = open();
    for (int n = 0; n < 50; ++n)
      at.apply(put(std::to_string(n), std::string(5000, 'x')));
  }
  const auto whole = read();
  for (const auto size : {whole.size() / 2, std::size_t{8192}, std::size_t{4096}, std::size_t{5000},
                          std::size_t{1000}, std::size_t{50}}) {
    write(whole.substr(0, size));
    const auto opened = try_open();
    BOOST_TEST((code_of(opened) == errc::data_loss || code_of(opened) == errc::failed_precondition),
               "at " << size << ": " << code_of(opened));
  }
}

BOOST_AUTO_TEST_CASE(tells_of_damage_within) {
  {
    auto at = open();
    for (int n = 0; n < 50; ++n)
      at.apply(put(std::to_string(n), std::string(5000, 'x')));
  }
  auto content = read();
  // The first pages are the roots of the tables and of their indexes.
  std::fill(content.begin() + 7 * 4096, content.end(), '\xa5');
  write(content);
  auto at = open();
  const auto found = at.lookup("1");
  BOOST_TEST(code_of(found) == errc::data_loss);
  BOOST_TEST(code_of(at.apply(put("1", "a"))) == errc::data_loss);
  BOOST_TEST(code_of(at.scan({})) == errc::data_loss);
}

BOOST_AUTO_TEST_CASE(tells_of_a_folder_that_is_not_there) {
  file = folder / "nowhere" / "index.sqlite";
  const auto refused = try_open();
  BOOST_TEST(code_of(refused) == errc::failed_precondition);
  BOOST_TEST(refused.error().message.find("No such file or directory") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(is_not_ready_once_its_file_is_gone) {
  auto at = open();
  BOOST_TEST(code_of(at->ready()) == errc::ok);
  fs::rename(file, folder / "moved");
  BOOST_TEST(code_of(at->ready()) == errc::failed_precondition);
  write("");
  BOOST_TEST(code_of(at->ready()) == errc::failed_precondition);
}

BOOST_AUTO_TEST_CASE(refuses_settings_that_are_none) {
  const auto refused = [](sqlite_index_config config) {
    return code_of(make_sqlite_index(std::move(config))) == errc::invalid_argument;
  };
  BOOST_TEST(refused({.path = ""}));
  BOOST_TEST(refused({.path = file, .clock = nullptr}));
  BOOST_TEST(refused({.path = file, .busy_timeout = std::chrono::milliseconds{-1}}));
  BOOST_TEST(refused({.path = file, .busy_timeout = 2h}));
  BOOST_TEST(!fs::exists(file));
}

BOOST_AUTO_TEST_CASE(is_named_by_a_url) {
  BOOST_TEST(code_of(open_index("sqlite:" + file.string())) == errc::ok);
  BOOST_TEST(fs::exists(file));
  BOOST_TEST(code_of(open_index("memory:")) == errc::ok);
  for (const auto* url : {"", "sqlite:", "sqlite", "memory", "memory:x", "/some/path", "redis:x"}) {
    const auto refused = open_index(url);
    BOOST_TEST(code_of(refused) == errc::invalid_argument);
    BOOST_TEST(refused.error().message.find("memory:, sqlite:PATH or postgresql://") !=
               std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
