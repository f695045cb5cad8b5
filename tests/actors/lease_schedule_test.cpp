#include <deja/actors/lease_schedule.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;

const lease_schedule::time_point start{1h};
const lease_schedule::name first{{{"", "p", "d"}, "k"}, "me"};
const lease_schedule::name second{{{"", "p", "d"}, "k"}, "you"};

} // namespace

BOOST_AUTO_TEST_SUITE(lease_schedules)

BOOST_AUTO_TEST_CASE(a_beat_is_due_two_thirds_of_a_heartbeat_later) {
  lease_schedule schedule;
  BOOST_TEST((schedule.next() == lease_schedule::time_point::max()));
  schedule.hold(first, 9s, start);
  schedule.hold(second, 3s, start);
  BOOST_TEST((schedule.next() == start + 2s));
  BOOST_TEST(schedule.take_due(start + 1999ms).empty());
  const auto due = schedule.take_due(start + 2s);
  BOOST_REQUIRE(due.size() == 1U);
  BOOST_TEST((due.front().whose == second));
  BOOST_TEST((due.front().heartbeat == 3s));
  BOOST_TEST((schedule.next() == start + 6s));
}

BOOST_AUTO_TEST_CASE(a_beat_taken_is_not_due_again_until_it_is_told_what_came_of_it) {
  lease_schedule schedule;
  schedule.hold(first, 3s, start);
  BOOST_TEST(schedule.take_due(start + 2s).size() == 1U);
  BOOST_TEST(schedule.take_due(start + 1h).empty());
  BOOST_TEST(schedule.holds(first));
  schedule.retry(first, start + 3s);
  BOOST_TEST((schedule.next() == start + 3750ms));
  schedule.hold(first, 6s, start + 4s); // another heartbeat, and only one beat
  BOOST_TEST((schedule.next() == start + 8s));
  BOOST_TEST(schedule.take_due(start + 1h).size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_was_dropped_stays_dropped) {
  lease_schedule schedule;
  schedule.hold(first, 3s, start);
  BOOST_TEST(schedule.drop(first));
  BOOST_TEST(!schedule.drop(first));
  schedule.retry(first, start);
  BOOST_TEST((schedule.next() == lease_schedule::time_point::max()));
}

BOOST_AUTO_TEST_CASE(a_heartbeat_of_nothing_is_no_busy_loop) {
  lease_schedule schedule;
  schedule.hold(first, 0s, start);
  BOOST_TEST((schedule.next() > start));
}

BOOST_AUTO_TEST_CASE(beats_that_are_due_soon_go_along) {
  lease_schedule leases;
  leases.hold({{{}, "a"}, "me"}, 8s, start);
  leases.hold({{{}, "b"}, "me"}, 8s, start + 1s);
  leases.hold({{{}, "c"}, "me"}, 8s, start + 2s);
  const auto due = start + duration{8s} * 2 / 3;
  BOOST_TEST(leases.take_due(due - 1ns).empty());
  BOOST_TEST(leases.take_due(due).size() == 2);
  BOOST_TEST(leases.take_due(due + 1s).empty());
  BOOST_TEST(leases.take_due(due + 2s).size() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
