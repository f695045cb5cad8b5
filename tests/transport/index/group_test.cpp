#include "index_fixture.hpp"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace {

using namespace deja;
using namespace deja::testing;

/// The keys that an index told its watcher of.
class watcher {
public:
  explicit watcher(blocking_index& at) {
    at->watch([this](std::span<const entry_key> keys) {
      const std::lock_guard lock{mutex_};
      BOOST_TEST(!keys.empty());
      for (const auto& key : keys)
        keys_.push_back(key.key);
    });
  }

  std::vector<std::string> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(keys_, {});
  }

private:
  std::mutex mutex_;
  std::vector<std::string> keys_;
};

BOOST_AUTO_TEST_SUITE(a_group_of_operations)

BOOST_DATA_TEST_CASE(gives_an_outcome_for_each_in_order, backends, backend) {
  index_fixture f{backend};
  const auto done = f.at.apply({put("a", "1"), put("b", "2"), put("a", "3"), reserve("a", "me"),
                                erase("c"), touch("b"), release("a", "me")});
  BOOST_REQUIRE_EQUAL(done.size(), 7u);
  BOOST_TEST(uri_of(done[0].entry) == "1");
  BOOST_TEST(uri_of(done[1].entry) == "2");
  BOOST_TEST(code_of(done[2]) == errc::already_exists);
  BOOST_TEST(owner_of(done[3].reservation) == "me");
  BOOST_TEST(code_of(done[4]) == errc::not_found);
  BOOST_TEST(code_of(done[5]) == errc::ok);
  BOOST_TEST(code_of(done[6]) == errc::ok);
}

BOOST_DATA_TEST_CASE(is_applied_in_order_also_to_one_key, backends, backend) {
  index_fixture f{backend};
  const auto done = f.at.apply(
      {put("k", "1"), erase("k"), put("k", "2"), put("k", "3"), put("k", "4", {.overwrite = true}),
       reserve("k", "me"), reserve("k", "you"), release("k", "me"), reserve("k", "you"),
       put("k", "5", {.overwrite = true, .held = fence{"me", 0}}), touch("k")});
  const std::vector expected = {
      errc::ok, errc::ok, errc::ok, errc::already_exists,      errc::ok, errc::ok,
      errc::ok, errc::ok, errc::ok, errc::failed_precondition, errc::ok};
  for (std::size_t at = 0; at < expected.size(); ++at)
    BOOST_TEST(code_of(done.at(at)) == expected[at], "operation " << at);
  BOOST_TEST(uri_of(done[3].entry) == "2");
  BOOST_TEST(owner_of(done[6].reservation) == "me");
  BOOST_TEST(owner_of(done[8].reservation) == "you");
  const auto found = f.at.lookup("k");
  BOOST_TEST(uri_of(found.entry) == "4");
  BOOST_TEST((found.entry->generation == done[4].entry->generation));
  BOOST_TEST(owner_of(found.reservation) == "you");
}

BOOST_DATA_TEST_CASE(may_be_empty, backends, backend) {
  index_fixture f{backend};
  BOOST_TEST(f.at.apply(std::vector<operation>{}).empty());
  BOOST_TEST(f.at.lookup(std::vector<entry_key>{}).empty());
}

BOOST_DATA_TEST_CASE(is_seen_whole_or_not_at_all, backends, backend) {
  index_fixture f{backend};
  std::atomic<bool> stop = false;
  std::thread writer{[&] {
    // Always one of the two: the reservation gives way to the entry and comes back.
    while (!stop) {
      f.at.apply({reserve("k", "me"), put("l", "1")});
      f.at.apply({put("k", "1"), release("k", "me"), erase("l")});
      f.at.apply({erase("k"), reserve("k", "me"), put("l", "1")});
    }
  }};
  while (!f.at.lookup("k").reservation)
    std::this_thread::yield();
  int torn = 0;
  for (int round = 0; round < 1000; ++round) {
    const auto found = f.at.lookup({key_named("k"), key_named("l"), key_named("k")});
    torn += !found[0].entry && !found[0].reservation;
    torn += bool{found[0].entry} == bool{found[1].entry};
    torn += bool{found[0].entry} != bool{found[2].entry};
  }
  stop = true;
  writer.join();
  BOOST_TEST(torn == 0);
}

BOOST_DATA_TEST_CASE(has_one_winner_a_key_among_many_threads, backends, backend) {
  index_fixture f{backend};
  constexpr int threads = 8, keys = 40;
  std::vector<std::atomic<int>> puts(keys), reservations(keys);
  std::vector<std::thread> all;
  for (int thread = 0; thread < threads; ++thread)
    all.emplace_back([&, me = std::to_string(thread)] {
      for (std::size_t key = 0; key < keys; ++key) {
        const auto name = std::to_string(key);
        const auto done = f.at.apply({put(name, me), reserve(name, me)});
        puts[key] += !done[0].why;
        reservations[key] += owner_of(done[1].reservation) == me;
      }
    });
  for (auto& thread : all)
    thread.join();
  for (std::size_t key = 0; key < keys; ++key) {
    BOOST_TEST(puts[key] == 1);
    BOOST_TEST(reservations[key] == 1);
    const auto found = f.at.lookup(std::to_string(key));
    BOOST_TEST(uri_of(found.entry) == owner_of(found.reservation));
  }
}

BOOST_DATA_TEST_CASE(never_shares_a_number_among_many_threads, backends, backend) {
  index_fixture f{backend};
  std::mutex mutex;
  std::multiset<std::uint64_t> numbers;
  std::vector<std::thread> all;
  for (int thread = 0; thread < 4; ++thread)
    all.emplace_back([&, me = std::to_string(thread)] {
      for (int round = 0; round < 50; ++round) {
        const auto done =
            f.at.apply({put("k", me, {.overwrite = true}), reserve(me, me), release(me, me)});
        const std::lock_guard lock{mutex};
        numbers.insert(done[0].entry->generation);
        numbers.insert(done[1].reservation->fencing_token);
      }
    });
  for (auto& thread : all)
    thread.join();
  BOOST_TEST(numbers.size() == 400u);
  BOOST_TEST((std::set(numbers.begin(), numbers.end()).size() == 400u));
}

BOOST_DATA_TEST_CASE(tells_the_watcher_what_changed, backends, backend) {
  index_fixture f{backend};
  watcher seen{f.at};
  using names = std::vector<std::string>;
  f.at.apply({put("a", "1"), reserve("b", "me"), touch("a")});
  BOOST_TEST(seen.take() == (names{"a", "b"}), boost::test_tools::per_element());
  f.at.apply({put("a", "2"), reserve("b", "you"), release("b", "you"), erase("c"), touch("a")});
  BOOST_TEST(seen.take() == names{}, boost::test_tools::per_element());
  f.at.apply({erase("a"), release("b", "me")});
  BOOST_TEST(seen.take() == (names{"a", "b"}), boost::test_tools::per_element());
  f.at->watch({});
  f.at.apply(put("a", "3"));
  BOOST_TEST(seen.take() == names{}, boost::test_tools::per_element());
}

BOOST_DATA_TEST_CASE(is_looked_up_in_order, backends, backend) {
  index_fixture f{backend};
  f.at.apply({put("a", "1"), put("b", "2"), reserve("c", "me")});
  const auto found = f.at.lookup(
      {key_named("b"), key_named("none"), key_named("a"), key_named("c"), key_named("b")});
  BOOST_REQUIRE_EQUAL(found.size(), 5u);
  BOOST_TEST(uri_of(found[0].entry) == "2");
  BOOST_TEST((!found[1].entry && !found[1].reservation && !found[1].why));
  BOOST_TEST(uri_of(found[2].entry) == "1");
  BOOST_TEST(owner_of(found[3].reservation) == "me");
  BOOST_TEST(uri_of(found[4].entry) == "2");
}

// More than one statement looks up, or one pass through what is in memory.
BOOST_DATA_TEST_CASE(is_looked_up_in_order_however_long, backends, backend) {
  index_fixture f{backend};
  const auto has_entry = [](int n) {
    return n % 3 == 0;
  };
  const auto is_reserved = [](int n) {
    return n % 2 == 0;
  };
  std::vector<operation> all;
  std::vector<int> numbers;
  for (int n = 0; n < 50; ++n) {
    if (has_entry(n))
      all.push_back(put(std::to_string(n), std::to_string(n)));
    if (is_reserved(n))
      all.push_back(reserve(std::to_string(n), std::to_string(n)));
    numbers.insert(numbers.end(), {n, 49 - n});
  }
  f.at.apply(all);
  for (const std::size_t count : {15, 16, 17, 32, 33, 100}) {
    std::vector<entry_key> keys;
    for (const int n : std::span{numbers}.first(count))
      keys.push_back(key_named(std::to_string(n)));
    const auto found = f.at.lookup(keys);
    BOOST_TEST_REQUIRE(found.size() == count);
    for (std::size_t at = 0; at < count; ++at) {
      const int n = numbers[at];
      BOOST_TEST(uri_of(found[at].entry) == (has_entry(n) ? std::to_string(n) : "none"));
      BOOST_TEST(owner_of(found[at].reservation) ==
                 (is_reserved(n) ? std::to_string(n) : "nobody"));
    }
  }
}

BOOST_DATA_TEST_CASE(finds_the_index_ready, backends, backend) {
  index_fixture f{backend};
  f.at.apply(touch("k"));
  f.at.lookup("k");
  BOOST_TEST(code_of(f.at->ready()) == errc::ok);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
