#include "index_fixture.hpp"

#include <deja/transport/index/sqlite.hpp>

#include <atomic>
#include <fstream>
#include <latch>
#include <thread>

namespace {

using namespace deja;
using namespace deja::testing;

/// How many transactions lie in a write-ahead log. Its format: a header of 32 bytes, then frames
/// of 24 bytes and a page; a frame that ends a transaction has the database's size at its offset 4.
int transactions(const std::filesystem::path& log) {
  std::ifstream in{log, std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
  constexpr std::size_t page = 4096;
  int count = 0;
  for (std::size_t frame = 32; frame + 24 + page <= bytes.size(); frame += 24 + page)
    count += bytes.substr(frame + 4, 4) != std::string(4, '\0');
  return count;
}

/// An index whose writer waits for the test, which holds the database's lock.
struct held_fixture {
  held_fixture() : at(make_sqlite_index({.path = file, .clock = clock}).value()) { hold(); }

  void hold() { BOOST_REQUIRE_EQUAL(code_of(other.run("BEGIN IMMEDIATE")), errc::ok); }

  void let_go() { BOOST_REQUIRE_EQUAL(code_of(other.run("ROLLBACK")), errc::ok); }

  temporary_folder folder;
  std::filesystem::path file = folder / "index.sqlite";
  std::shared_ptr<settable_clock> clock = std::make_shared<settable_clock>();
  std::unique_ptr<deja::index> at;
  sqlite::database other = sqlite::database::open(file, {}).value();
};

BOOST_FIXTURE_TEST_SUITE(commits_of_a_sqlite_index, held_fixture)

BOOST_AUTO_TEST_CASE(take_all_groups_that_wait) {
  const auto log = file.string() + "-wal";
  const auto before = transactions(log);
  constexpr int groups = 200;
  std::latch done{groups};
  int decided = 0; // as it should be, by the writer's thread
  for (int n = 0; n < groups; ++n)
    at->apply({put(std::to_string(n), "a"), put(std::to_string(n), "b")}, [&](auto all) {
      decided += code_of(all.at(0)) == errc::ok && code_of(all.at(1)) == errc::already_exists;
      done.count_down();
    });
  let_go();
  done.wait();
  BOOST_TEST(decided == groups);
  // The writer may have taken the first before the others came.
  BOOST_TEST(transactions(log) - before <= 2);
}

BOOST_AUTO_TEST_CASE(are_answered_in_the_order_they_came) {
  std::vector<int> order;
  std::latch done{50};
  for (int n = 0; n < 50; ++n)
    at->apply({put("k", "a")}, [&, n](auto) {
      order.push_back(n);
      done.count_down();
    });
  let_go();
  done.wait();
  BOOST_TEST(std::is_sorted(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(are_done_before_the_index_is_gone) {
  std::atomic<int> stored = 0;
  for (int n = 0; n < 100; ++n)
    at->apply({put(std::to_string(n), "a")}, [&](auto all) { stored += !all.at(0).why; });
  std::thread ending{[this] {
    at.reset();
  }};
  let_go();
  ending.join();
  BOOST_TEST(stored == 100);
}

BOOST_AUTO_TEST_CASE(do_not_hinder_reading) {
  blocking_index reading{std::move(at)};
  BOOST_TEST(reading.uri("k") == "none");
  BOOST_TEST(code_of(reading.scan({})) == errc::ok);
  BOOST_TEST(code_of(reading->ready()) == errc::ok);
  let_go();
}

BOOST_AUTO_TEST_CASE(give_up_on_a_lock_that_is_held_for_too_long) {
  blocking_index impatient{
      make_sqlite_index({.path = file, .clock = clock, .busy_timeout = 0ms}).value()};
  const auto refused = impatient.apply({put("k", "a"), put("l", "b")});
  BOOST_REQUIRE_EQUAL(refused.size(), 2u);
  BOOST_TEST(code_of(refused[0]) == errc::unavailable);
  BOOST_TEST(refused[1].why->message.find("locked") != std::string::npos);
  let_go();
  BOOST_TEST(code_of(impatient.apply(put("k", "a"))) == errc::ok);
}

BOOST_AUTO_TEST_CASE(undo_a_group_that_fails_and_no_other) {
  // A fault in the middle of a group: the table refuses the second put.
  let_go();
  BOOST_REQUIRE(other.run("CREATE TRIGGER fault BEFORE INSERT ON entry WHEN CAST(NEW.key AS TEXT) "
                          "= 'bad' BEGIN SELECT RAISE(ABORT, 'fault'); END"));
  blocking_index good{std::move(at)};
  hold();
  std::latch done{3};
  std::vector<errc> codes(3);
  const auto submit = [&](std::size_t n, std::vector<operation> group) {
    good->apply(std::move(group), [&, n](auto all) {
      codes[n] = code_of(all.at(0));
      done.count_down();
    });
  };
  submit(0, {put("a", "1")});
  submit(1, {put("b", "2"), put("bad", "3"), put("c", "4")});
  submit(2, {put("d", "5")});
  let_go();
  done.wait();
  BOOST_TEST(codes[0] == errc::ok);
  BOOST_TEST(codes[1] == errc::internal);
  BOOST_TEST(codes[2] == errc::ok);
  BOOST_TEST(good.uri("b") == "none");
  BOOST_TEST(good.uri("c") == "none");
  BOOST_TEST(good.uri("d") == "5");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
