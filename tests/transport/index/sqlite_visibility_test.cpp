#include "../../support/watched_sqlite.hpp"
#include "index_fixture.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

namespace {

using namespace deja;
using namespace deja::testing;

/// An index that has its file alone, and a look at it from within a commit.
struct commit_fixture {
  /// Puts these outputs, and does `look` once the commit can be seen in the file, before it is
  /// acknowledged.
  void put_and_look(std::vector<operation> puts, const std::function<void()>& look) {
    bool looked = false;
    sqlite.on_commit_shown = [&] {
      if (std::exchange(looked, true))
        return;
      look();
    };
    for (const auto& done : at.apply(std::move(puts)))
      BOOST_TEST(code_of(done) == errc::ok);
    sqlite.on_commit_shown = nullptr;
    BOOST_TEST(looked);
  }

  operation replace(const std::string& key, const std::string& uri) const {
    return put(key, uri, {.overwrite = true});
  }

  std::vector<std::string> uris(const std::vector<std::string>& keys) {
    std::vector<entry_key> all;
    for (const auto& key : keys)
      all.push_back(key_named(key));
    std::vector<std::string> found;
    for (const auto& one : at.lookup(std::move(all)))
      found.push_back(uri_of(one.entry));
    return found;
  }

  std::vector<std::string> listed() {
    std::vector<std::string> found;
    const auto page = at.scan({});
    BOOST_REQUIRE(page);
    for (const auto& one : page->entries)
      found.push_back(uri_of(shared<entry>{one}));
    return found;
  }

  temporary_folder folder;
  watched_sqlite sqlite;
  blocking_index at{
      make_sqlite_index({.path = folder / "index.sqlite", .exclusive = true}).value()};
};

using names = std::vector<std::string>;

BOOST_FIXTURE_TEST_SUITE(a_commit_that_shows_in_the_file, commit_fixture)

BOOST_AUTO_TEST_CASE(shows_also_where_the_old_row_was_in_memory) {
  at.apply(put("k", "old"));
  BOOST_TEST(at.uri("k") == "old");
  put_and_look({replace("k", "new")}, [&] {
    BOOST_TEST(uris({"k", "unknown"}) == (names{"new", "none"}), boost::test_tools::per_element());
    BOOST_TEST(at.uri("k") == "new");
    BOOST_TEST(listed() == names{"new"}, boost::test_tools::per_element());
  });
  BOOST_TEST(at.uri("k") == "new");
}

BOOST_AUTO_TEST_CASE(shows_also_to_a_reader_that_had_begun_before) {
  at.apply(put("k", "old"));
  BOOST_TEST(at.uri("unknown") == "none"); // So it has begun, and goes on seeing what was then.
  put_and_look({replace("k", "new")}, [&] {
    BOOST_TEST(listed() == names{"new"}, boost::test_tools::per_element());
    BOOST_TEST(uris({"k", "another"}) == (names{"new", "none"}), boost::test_tools::per_element());
    BOOST_TEST(at.uri("k") == "new");
  });
}

BOOST_AUTO_TEST_CASE(shows_whole) {
  at.apply({put("a", "old"), put("b", "old")});
  BOOST_TEST(at.uri("a") == "old");
  put_and_look({replace("a", "new"), replace("b", "new"), put("c", "new")}, [&] {
    BOOST_TEST(uris({"a", "b", "c"}) == (names{"new", "new", "new"}),
               boost::test_tools::per_element());
    BOOST_TEST(at.uri("c") == "new");
    BOOST_TEST(at.uri("b") == "new");
  });
}

BOOST_AUTO_TEST_CASE(shows_a_deletion) {
  at.apply(put("k", "old"));
  BOOST_TEST(at.uri("k") == "old");
  put_and_look({erase("k")}, [&] {
    BOOST_TEST(listed() == names{}, boost::test_tools::per_element());
    BOOST_TEST(at.uri("k") == "none");
  });
  BOOST_TEST(at.uri("k") == "none");
}

BOOST_AUTO_TEST_CASE(is_all_that_a_look_at_that_moment_leaves_behind) {
  at.apply(put("k", "1"));
  put_and_look({replace("k", "2")}, [&] { BOOST_TEST(at.uri("k") == "2"); });
  BOOST_TEST(code_of(at.apply(replace("k", "3"))) == errc::ok);
  BOOST_TEST(at.uri("k") == "3");
  BOOST_TEST(listed() == names{"3"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(rows_in_memory, commit_fixture)

BOOST_AUTO_TEST_CASE(stay_when_the_log_was_emptied) {
  at.apply(put("k", "a"));
  for (int n = 0; n < 40; ++n) // A log that is worth it.
    at.apply(put(std::to_string(n), std::string(500'000, 'x')));
  const auto log = (folder / "index.sqlite").string() + "-wal";
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (std::filesystem::file_size(log) > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  BOOST_TEST(std::filesystem::file_size(log) == 0u);
  at.apply(put("l", "b"));
  const int before = sqlite.locks;
  BOOST_TEST(at.uri("k") == "a");
  BOOST_TEST(sqlite.locks == before);
}

BOOST_AUTO_TEST_SUITE_END()

/// Commits that fail, in an index that has its file alone and its rows in memory.
struct failing_fixture : commit_fixture {
  failing_fixture() {
    at.apply({put("a", "old"), put("b", "old")});
    BOOST_TEST(at.uri("a") == "old");
    BOOST_TEST(at.uri("unknown") == "none");
  }

  /// The next flushing, or writing, of the log fails so.
  std::function<int(std::string_view)> once(int status) {
    return [status, left = 1](std::string_view path) mutable {
      return path.ends_with("-wal") && left-- > 0 ? status : SQLITE_OK;
    };
  }

  void nothing_has_happened() {
    BOOST_TEST(uris({"a", "b"}) == (names{"old", "old"}), boost::test_tools::per_element());
    BOOST_TEST(uris({"a", "another"}) == (names{"old", "none"}), boost::test_tools::per_element());
    BOOST_TEST(listed() == (names{"old", "old"}), boost::test_tools::per_element());
  }
};

BOOST_FIXTURE_TEST_SUITE(a_commit_that_fails, failing_fixture)

BOOST_AUTO_TEST_CASE(at_its_flush_is_unknown_to_its_caller_and_not_seen) {
  sqlite.fail_sync = once(SQLITE_IOERR_FSYNC);
  BOOST_TEST(code_of(at.apply(replace("a", "new"))) == errc::unavailable);
  nothing_has_happened();
  BOOST_TEST(code_of(at.apply(replace("a", "newer"))) == errc::ok);
  BOOST_TEST(at.uri("a") == "newer");
}

BOOST_AUTO_TEST_CASE(at_its_flush_for_want_of_space_may_still_happen) {
  sqlite.fail_sync = [](std::string_view path) {
    errno = ENOSPC;
    return path.ends_with("-wal") ? SQLITE_IOERR_FSYNC : SQLITE_OK;
  };
  BOOST_TEST(code_of(at.apply(replace("a", "new"))) == errc::unavailable);
  nothing_has_happened();
  // What a crash would leave: the log has the whole commit.
  const auto left = folder / "left.sqlite";
  for (const auto* part : {"", "-wal"})
    std::filesystem::copy_file((folder / "index.sqlite").string() + part, left.string() + part);
  sqlite.fail_sync = nullptr;
  BOOST_TEST(blocking_index{make_sqlite_index({.path = left}).value()}.uri("a") == "new");
}

BOOST_AUTO_TEST_CASE(for_want_of_space_has_not_happened) {
  sqlite.fail_write = [](std::string_view path) {
    return path.ends_with("-wal") ? SQLITE_FULL : SQLITE_OK;
  };
  for (const auto& done : at.apply({replace("a", "new"), erase("b"), reserve("a", "me")}))
    BOOST_TEST(code_of(done) == errc::resource_exhausted);
  nothing_has_happened();
  sqlite.fail_write = nullptr;
  BOOST_TEST(owner_of(at.lookup("a").reservation) == "nobody");
  BOOST_TEST(code_of(at.apply(erase("b"))) == errc::ok);
  BOOST_TEST(at.uri("b") == "none");
}

BOOST_AUTO_TEST_CASE(takes_no_reader_back_in_time) {
  // Every third flush fails, among many readers, and few rows have room in memory.
  at = blocking_index{nullptr};
  at = blocking_index{
      make_sqlite_index(
          {.path = folder / "index.sqlite", .readers = 2, .exclusive = true, .hot_bytes = 1'200})
          .value()};
  sqlite.fail_sync = [turn = 0](std::string_view path) mutable {
    return path.ends_with("-wal") && ++turn % 3 == 0 ? SQLITE_IOERR_FSYNC : SQLITE_OK;
  };
  const std::vector<std::string> keys{"a", "b", "c", "d"};
  std::array<std::atomic<std::uint64_t>, 4> seen{}; // The newest generation of each key.
  std::atomic<bool> end = false;
  std::atomic<int> backwards = 0, split = 0;
  const auto read = [&](std::size_t turn) {
    while (!end) {
      const auto one = turn++ % keys.size(), other = turn * 3 % keys.size();
      const std::array<std::uint64_t, 2> before{seen[one], seen[other]};
      const auto found = at.lookup({key_named(keys[one]), key_named(keys[other])});
      for (std::size_t n = 0; n < 2; ++n) {
        const auto now = found[n].entry ? found[n].entry->generation : 0;
        backwards += now < before[n];
        auto& newest = seen[n == 0 ? one : other];
        for (auto old = newest.load(); old < now && !newest.compare_exchange_weak(old, now);) {
        }
      }
      // All four are put together, in order.
      split += found[0].entry && found[1].entry &&
               found[0].entry->generation - one != found[1].entry->generation - other;
    }
  };
  std::vector<std::jthread> readers;
  for (std::size_t n = 0; n < 4; ++n)
    readers.emplace_back(read, n);
  int stored = 0;
  for (int n = 0; n < 300; ++n) {
    std::vector<operation> all;
    for (const auto& key : keys)
      all.push_back(replace(key, std::to_string(n)));
    stored += !at.apply(std::move(all)).front().why;
  }
  end = true;
  readers.clear();
  sqlite.fail_sync = nullptr;
  BOOST_TEST(backwards == 0);
  BOOST_TEST(split == 0);
  BOOST_TEST(stored > 0);
  BOOST_TEST(stored < 300);
}

BOOST_AUTO_TEST_CASE(of_a_checkpoint_harms_no_other) {
  sqlite.fail_write = [](std::string_view path) {
    return path.ends_with(".sqlite") ? SQLITE_IOERR_WRITE : SQLITE_OK;
  };
  for (int n = 0; n < 200; ++n)
    BOOST_TEST(code_of(at.apply(put(std::to_string(n), std::string(50'000, 'x')))) == errc::ok);
  BOOST_TEST(at.uri("b") == "old");
  BOOST_TEST(at.uri("199").size() == 50'000u);
  sqlite.fail_write = nullptr;
  BOOST_TEST(code_of(at.apply(replace("b", "new"))) == errc::ok);
  BOOST_TEST(at.uri("b") == "new");
}

BOOST_AUTO_TEST_CASE(keeps_the_rows_in_memory_that_it_was_not_about) {
  at.apply(put("c", "old"));
  sqlite.fail_sync = once(SQLITE_IOERR_FSYNC);
  BOOST_TEST(code_of(at.apply(replace("a", "new"))) == errc::unavailable);
  BOOST_TEST(at.uri("c") == "old");
  BOOST_TEST(code_of(at.apply(replace("c", "new"))) == errc::ok);
  BOOST_TEST(at.uri("c") == "new");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
