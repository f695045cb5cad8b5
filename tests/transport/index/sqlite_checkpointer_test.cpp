#include "index_fixture.hpp"

#include <deja/transport/index/sqlite_checkpointer.hpp>

namespace {

using namespace deja;
using namespace deja::testing;
namespace fs = std::filesystem;

/// A database with a writer whose checkpoints are left to a checkpointer.
struct checkpointer_fixture {
  checkpointer_fixture() {
    BOOST_REQUIRE(writer.use_write_ahead_log(10s));
    BOOST_REQUIRE(writer.run("CREATE TABLE t (x)"));
    writer.leave_checkpoints_to_others();
    reader.emplace(sqlite::database::open(file, {.read_only = true}).value());
  }

  sqlite_checkpointer start(std::function<void()> end_snapshots = [] {}) {
    return start_for(file, std::move(end_snapshots));
  }

  sqlite_checkpointer start_for(
      const fs::path& path, std::function<void()> end_snapshots = [] {}) {
    return {path,
            {.copy_pages = 10, .log_pages = log_pages, .patience = patience},
            std::move(end_snapshots)};
  }

  void commit(sqlite_checkpointer& checkpoints) {
    BOOST_REQUIRE_EQUAL(code_of(writer.run("INSERT INTO t VALUES (randomblob(3000))")), errc::ok);
    checkpoints.after_commit(writer);
  }

  /// Whether the log begins anew within so many commits; how many are needed is up to the thread.
  bool begins_anew(sqlite_checkpointer& checkpoints, int commits) {
    auto before = writer.log_pages();
    for (int n = 0; n < commits; ++n) {
      commit(checkpoints);
      if (const auto now = writer.log_pages(); now < before)
        return true;
      else
        before = now;
    }
    return false;
  }

  /// Reads, and goes on seeing what it has read.
  void begin_to_read() { BOOST_REQUIRE(reader->run("BEGIN; SELECT count(*) FROM t")); }

  void end_reading() { BOOST_REQUIRE(reader->run("ROLLBACK")); }

  std::uintmax_t log_bytes() const { return fs::file_size(file.string() + "-wal"); }

  static constexpr std::size_t log_pages = 100;
  static constexpr int many = 50'000;
  duration patience = 1s;

  temporary_folder folder;
  fs::path file = folder / "index.sqlite";
  sqlite::database writer = sqlite::database::open(file, {.full_sync = false}).value();
  std::optional<sqlite::database> reader; ///< Opened once the log is there.
};

BOOST_FIXTURE_TEST_SUITE(a_sqlite_checkpointer, checkpointer_fixture)

BOOST_AUTO_TEST_CASE(ends_the_growth_of_the_log_under_ceaseless_writing) {
  auto checkpoints = start();
  for (int round = 0; round < 3; ++round)
    BOOST_TEST(begins_anew(checkpoints, many));
}

BOOST_AUTO_TEST_CASE(leaves_a_log_alone_that_is_small) {
  {
    auto checkpoints = start();
    for (int n = 0; n < 2; ++n)
      commit(checkpoints);
    BOOST_TEST(checkpoints.when_idle(writer));
  }
  BOOST_TEST(log_bytes() > 0u);
  BOOST_TEST(writer.do_checkpoint(sqlite::database::checkpoint::copy, {})->pages >= 2u);
}

BOOST_AUTO_TEST_CASE(keeps_what_a_reader_still_sees) {
  auto checkpoints = start();
  begin_to_read();
  for (std::size_t n = 0; n < 2 * log_pages; ++n)
    commit(checkpoints);
  BOOST_TEST(*reader->number("SELECT count(*) FROM t") == 0);
  end_reading();
  BOOST_TEST(begins_anew(checkpoints, many));
}

BOOST_AUTO_TEST_CASE(has_idle_readers_let_go) {
  std::mutex reading;
  bool asked = false;
  begin_to_read();
  auto checkpoints = start([&] {
    const std::lock_guard lock{reading};
    if (!std::exchange(asked, true))
      (void)reader->run("ROLLBACK");
  });
  BOOST_TEST(begins_anew(checkpoints, many));
  BOOST_TEST(asked);
}

BOOST_AUTO_TEST_CASE(empties_the_log_where_nobody_writes_any_more) {
  patience = 1ms;
  auto checkpoints = start();
  for (int n = 0; n < 20; ++n)
    commit(checkpoints);
  begin_to_read();
  BOOST_TEST(!checkpoints.when_idle(writer)); // Someone still reads in the log.
  end_reading();
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!checkpoints.when_idle(writer) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield(); // It may still be copied by the thread.
  BOOST_TEST(log_bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(copies_before_it_ends) {
  {
    auto checkpoints = start();
    for (int n = 0; n < 20; ++n)
      commit(checkpoints);
  }
  // What the log held at the last copying is in the file, which needs no log for it.
  const auto size = fs::file_size(file);
  BOOST_TEST(size > 10u * 4096u);
}

BOOST_AUTO_TEST_CASE(harms_no_commit_where_it_fails) {
  auto checkpoints = start_for(folder / "nowhere" / "index.sqlite");
  for (std::size_t n = 0; n < 3 * log_pages; ++n)
    commit(checkpoints);
  BOOST_TEST(*writer.number("SELECT count(*) FROM t") == 300);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
