#include "../support/results.hpp"

#include <deja/actors/waiting_room.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

const entry_key key{{"o", "p", "d"}, "k"};
const entry_key other{{"o", "p", "d"}, "other"};

/// A room over what a service holds, which the test changes.
struct fixture {
  explicit fixture(waiting_room::limits limits = {}) : room(limits) {}

  waiting_room::number enter(wait_request wanted, duration patience = 1min) {
    return room.enter(std::move(wanted), now + patience, now).value();
  }

  waiting_room::number enter() { return enter({key, std::nullopt, false}); }

  void put(std::uint64_t generation, const entry_key& where = key) {
    entry put;
    put.generation = generation;
    held[where].entry = std::move(put);
  }

  void reserve(const std::string& owner, duration lease = 30s, const entry_key& where = key) {
    auto& one = held[where].reservation.emplace();
    one.owner = owner;
    one.fencing_token = ++tokens;
    one.expires = wall() + lease;
  }

  void change(const entry_key& where = key) { room.changed(std::vector{where}, now); }

  wall_time wall() const { return wall_time{now.time_since_epoch()}; }

  /// Looks up what is due, and gives what is told: the waiter, the event and the generation.
  std::string look() {
    std::string text;
    for (auto keys = room.due(now); !keys.empty(); keys = room.due(now)) {
      looked_up += keys.size();
      text += told(answer(keys));
    }
    return text + told(room.out_of_patience(now));
  }

  std::vector<waiting_room::told> answer(const std::vector<entry_key>& keys) {
    std::vector<outcome> found;
    for (const auto& one : keys)
      found.push_back(held[one]);
    return room.looked_up(keys, found, now, wall());
  }

  static std::string told(const std::vector<waiting_room::told>& all) {
    constexpr std::array names{"entry", "released", "expired", "not reserved", "timeout"};
    std::string text;
    for (const auto& [who, what] : all) {
      text += std::to_string(who) + ' ' + names.at(static_cast<std::size_t>(what.event));
      if (what.generation)
        text += ' ' + std::to_string(*what.generation);
      if (what.holder)
        text += " held by " + what.holder->owner;
      text += "; ";
    }
    return text;
  }

  waiting_room room;
  steady_clock::time_point now{1h};
  std::map<entry_key, outcome> held;
  std::uint64_t tokens = 0;
  std::size_t looked_up = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(a_waiting_room)

BOOST_FIXTURE_TEST_CASE(tells_at_once_what_is_there, fixture) {
  put(7);
  enter();
  BOOST_TEST(look() == "1 entry 7; ");
  BOOST_TEST(room.waiters() == 0U);
  BOOST_TEST((room.next_look() == std::nullopt));
}

BOOST_FIXTURE_TEST_CASE(tells_at_once_that_nobody_has_reserved, fixture) {
  enter();
  BOOST_TEST(look() == "1 not reserved; ");
}

BOOST_FIXTURE_TEST_CASE(tells_of_an_entry_that_comes, fixture) {
  reserve("me");
  enter();
  BOOST_TEST(look() == "");
  put(3);
  BOOST_TEST(look() == ""); // not heard of, and not due
  change();
  BOOST_TEST(look() == "1 entry 3 held by me; ");
}

BOOST_FIXTURE_TEST_CASE(finds_what_it_is_not_told_within_a_second, fixture) {
  reserve("me");
  enter();
  look();
  put(3);
  BOOST_TEST((room.next_look() == now + 1s));
  now += 1s;
  BOOST_TEST(look() == "1 entry 3 held by me; ");
}

BOOST_FIXTURE_TEST_CASE(tells_a_release_from_the_end_of_a_lease, fixture) {
  reserve("me", 30s);
  reserve("me", 300ms, other);
  enter();
  enter({other, std::nullopt, false});
  BOOST_TEST(look() == "");
  held.clear();
  change();
  BOOST_TEST(look() == "1 released; ");
  BOOST_TEST((room.next_look() == now + 301ms)); // without waiting for the second to be over
  now += 301ms;
  BOOST_TEST(look() == "2 expired; ");
}

BOOST_FIXTURE_TEST_CASE(goes_on_waiting_when_another_takes_over, fixture) {
  reserve("me");
  enter();
  look();
  reserve("you");
  change();
  BOOST_TEST(look() == "");
  put(4);
  change();
  BOOST_TEST(look() == "1 entry 4 held by you; ");
}

BOOST_FIXTURE_TEST_CASE(tells_each_waiter_what_it_waits_for, fixture) {
  put(5);
  reserve("me");
  enter({key, 5, false});
  enter({key, 4, false});
  enter({key, 5, true});
  BOOST_TEST(look() == "2 entry 5 held by me; ");
  held[key].reservation.reset();
  change();
  BOOST_TEST(look() == "1 released 5; ");
  put(6);
  change();
  BOOST_TEST(look() == "3 entry 6; ");
}

BOOST_FIXTURE_TEST_CASE(ends_a_wait_with_its_time, fixture) {
  reserve("me", 1min);
  enter({key, std::nullopt, false}, 2500ms);
  look();
  BOOST_TEST((room.next_end() == now + 2500ms));
  now += 2499ms;
  BOOST_TEST(look() == "");
  now += 1ms;
  BOOST_TEST(look() == "1 timeout held by me; ");
  BOOST_TEST(room.waiters() == 0U);
}

BOOST_FIXTURE_TEST_CASE(forgets_who_leaves, fixture) {
  reserve("me");
  const auto first = enter();
  enter();
  look();
  BOOST_TEST(room.waiters_for(key) == 2U);
  room.leave(first);
  room.leave(first);
  BOOST_TEST(room.waiters_for(key) == 1U);
  put(1);
  change();
  BOOST_TEST(look() == "2 entry 1 held by me; ");
  BOOST_TEST((room.next_end() == std::nullopt));
}

BOOST_FIXTURE_TEST_CASE(forgets_who_leaves_while_it_is_asked, fixture) {
  const auto who = enter();
  const auto keys = room.due(now);
  room.leave(who);
  BOOST_TEST(told(answer(keys)) == "");
  BOOST_TEST((room.next_look() == std::nullopt));
}

BOOST_FIXTURE_TEST_CASE(looks_again_for_what_comes_while_it_is_asked, fixture) {
  reserve("me");
  enter();
  const auto keys = room.due(now);
  const auto before = held[key];
  put(2);
  change();
  BOOST_TEST(room.due(now).empty()); // it is being asked
  BOOST_TEST(told(room.looked_up(keys, std::vector{before}, now, wall())) == "");
  BOOST_TEST(look() == "1 entry 2 held by me; ");
}

BOOST_FIXTURE_TEST_CASE(does_not_tell_newcomers_what_was_asked_before_they_came, fixture) {
  enter();
  const auto keys = room.due(now);
  reserve("me");
  enter();
  BOOST_TEST(told(room.looked_up(keys, std::vector{outcome{}}, now, wall())) == "1 not reserved; ");
  BOOST_TEST(look() == "");
  BOOST_TEST(room.waiters() == 1U);
}

BOOST_FIXTURE_TEST_CASE(looks_again_after_a_failure, fixture) {
  enter();
  const auto keys = room.due(now);
  const outcome failed{error{errc::unavailable, "away"}, std::nullopt, std::nullopt};
  BOOST_TEST(told(room.looked_up(keys, std::vector{failed}, now, wall())) == "");
  now += 1s;
  BOOST_TEST(look() == "1 not reserved; ");
}

BOOST_AUTO_TEST_CASE(has_a_bound) {
  fixture at{{.waiters = 2}};
  at.reserve("me");
  const auto first = at.enter();
  at.enter();
  const auto refused = at.room.enter({key, std::nullopt, false}, at.now + 1s, at.now);
  BOOST_TEST(code_of(refused) == errc::resource_exhausted);
  BOOST_TEST(refused.error().message.find("2 wait") != std::string::npos);
  at.room.leave(first);
  BOOST_TEST(at.enter() == 3U);
}

BOOST_AUTO_TEST_CASE(asks_for_a_bounded_number_of_keys_at_once) {
  fixture at{{.keys_at_once = 2}};
  for (int number = 0; number < 5; ++number)
    at.enter({{{"", "p", "d"}, "k" + std::to_string(number)}, std::nullopt, false});
  BOOST_TEST(at.room.due(at.now).size() == 2U);
  BOOST_TEST(at.room.due(at.now).size() == 2U);
  BOOST_TEST(at.room.due(at.now).size() == 1U);
}

// A clock that is behind the index's, or ahead of it, must not have it asked without end.
BOOST_FIXTURE_TEST_CASE(looks_each_second_where_the_clocks_disagree, fixture) {
  reserve("me", -1h);
  enter();
  BOOST_TEST(look() == "");
  BOOST_TEST((room.next_look() == now + 1s));
}

BOOST_FIXTURE_TEST_CASE(counts_the_others, fixture) {
  put(1);
  enter();
  enter();
  enter();
  const auto keys = room.due(now);
  for (const auto& [who, what] : answer(keys))
    BOOST_TEST(what.others == 2U);
}

// With a cost that grows with their square this would take minutes.
BOOST_FIXTURE_TEST_CASE(has_many_wait_for_one_key, fixture) {
  constexpr std::size_t many = 100'000;
  waiting_room large{{.waiters = many}};
  std::size_t count = 0;
  outcome found;
  found.reservation.emplace().owner = "me";
  found.reservation->expires = wall() + 1h;
  const auto look_up = [&] {
    for (auto keys = large.due(now); !keys.empty(); keys = large.due(now))
      count += large.looked_up(keys, std::vector{found}, now, wall()).size();
  };
  for (std::size_t number = 0; number < many; ++number) {
    BOOST_REQUIRE(large.enter({key, std::nullopt, false}, now + 1min, now));
    look_up();
  }
  BOOST_TEST(count == 0U);
  entry put;
  put.generation = 1;
  found.entry = std::move(put);
  large.changed(std::vector{key}, now);
  look_up();
  BOOST_TEST(count == many);
}

BOOST_AUTO_TEST_SUITE_END()
