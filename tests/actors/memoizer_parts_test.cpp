#include "../support/results.hpp"
#include "two_processes.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;
using testing::code_of;
using testing::one_at_a_time;
using testing::result_of;
using testing::two_processes;

} // namespace

BOOST_FIXTURE_TEST_SUITE(parts_of_memoized_tasks, two_processes)

BOOST_AUTO_TEST_CASE(a_call_for_what_its_own_ancestor_holds_does_not_wait) {
  const auto task = new_task(), part = new_task();
  auto whole = call(here, task);
  auto inner = call(here, part, {}, 0, leases.at(0).held);
  BOOST_TEST(leases.size() == 2);
  finish(part, 1);
  const auto done = answer<memoized>(inner).value();
  BOOST_TEST((done.how == memoized_by::not_stored));
  BOOST_TEST(done.why.has_value());
  finish(task, 7);
  BOOST_TEST((outcome(whole) == result_of{memoized_by::stored, 7}));
}

BOOST_AUTO_TEST_CASE(two_computations_that_are_each_others_parts_both_complete) {
  const auto first = new_task(), second = new_task(), part = new_task();
  auto one = call_for(here, 1, first);
  auto two = call_for(here, 2, second);
  auto part_of_one = call_for(here, 2, part, leases.at(0).held);
  BOOST_TEST(leases.size() == 2U); // it waits for the second
  auto part_of_two = call_for(here, 1, part, leases.at(1).held);
  BOOST_REQUIRE(leases.size() == 3U);
  finish(part, 7);
  BOOST_TEST((outcome(part_of_two) == result_of{memoized_by::not_stored, 7}));
  finish(second, 8);
  BOOST_TEST((outcome(part_of_one) == result_of{memoized_by::waited, 8}));
  finish(first, 7);
  BOOST_TEST((outcome(one) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((outcome(two) == result_of{memoized_by::stored, 8}));
}

BOOST_AUTO_TEST_CASE(a_cycle_may_be_long_and_each_computation_may_have_several_parts) {
  const auto task = new_task(), part = new_task();
  auto one = call_for(here, 1, task);
  auto two = call_for(here, 2, task);
  auto three = call_for(here, 3, task);
  auto leaf = call_for(here, 4, task, leases.at(0).held);
  const auto held_by_leaf = leases.at(3).held;
  auto one_on_two = call_for(here, 2, part, leases.at(0).held);
  auto two_on_three = call_for(here, 3, part, leases.at(1).held);
  auto three_on_leaf = call_for(here, 4, part, leases.at(2).held); // closes none
  BOOST_TEST(leases.size() == 4U);
  auto three_on_one = call_for(here, 1, part, leases.at(2).held);
  BOOST_TEST(leases.size() == 5U);
  auto leaf_on_two = call_for(here, 2, part, held_by_leaf);
  BOOST_TEST(leases.size() == 6U);
  finish(part, 7);
  BOOST_TEST((outcome(three_on_one) == result_of{memoized_by::not_stored, 7}));
  BOOST_TEST((outcome(leaf_on_two) == result_of{memoized_by::not_stored, 7}));
  finish(task, 7);
  for (auto* all : {&one, &two, &three, &leaf})
    BOOST_TEST((outcome(*all) == result_of{memoized_by::stored, 7}));
  for (auto* all : {&one_on_two, &two_on_three, &three_on_leaf})
    BOOST_TEST((outcome(*all) == result_of{memoized_by::waited, 7}));
}

// It is no flight of its own that is waited for, but the reservation that one of them has.
BOOST_AUTO_TEST_CASE(calls_with_other_options_close_a_cycle_too) {
  const auto first = new_task(), second = new_task(), part = new_task();
  auto one = call_for(here, 1, first);
  auto two = call_for(here, 2, second);
  auto part_of_one = call_for(here, 2, part, leases.at(0).held, {.max_age = 1h});
  pass(1s);
  BOOST_TEST(leases.size() == 2U);
  auto part_of_two = call_for(here, 1, part, leases.at(1).held, {.max_age = 1min});
  pass(1s);
  BOOST_REQUIRE(leases.size() == 3U);
  finish(part, 7);
  finish(second, 8);
  pass(1s);
  BOOST_TEST((outcome(part_of_one) == result_of{memoized_by::waited, 8}));
  finish(first, 7);
  BOOST_TEST((outcome(part_of_two) == result_of{memoized_by::not_stored, 7}));
  BOOST_TEST((outcome(one) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((outcome(two) == result_of{memoized_by::stored, 8}));
}

BOOST_AUTO_TEST_CASE(a_part_that_was_cancelled_closes_no_cycle) {
  const auto first = new_task(), second = new_task(), part = new_task();
  auto one = call_for(here, 1, first);
  auto two = call_for(here, 2, second);
  auto gone = call_for(here, 2, part, leases.at(0).held, {}, 5);
  self->send(here.memoizer, cancel_atom_v, std::uint64_t{5});
  BOOST_TEST(code_of(answer<memoized>(gone)) == errc::canceled);
  auto part_of_two = call_for(here, 1, part, leases.at(1).held);
  BOOST_TEST(leases.size() == 2U);
  finish(first, 7);
  BOOST_TEST((outcome(part_of_two) == result_of{memoized_by::waited, 7}));
  finish(second, 8);
  BOOST_TEST((outcome(one) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((outcome(two) == result_of{memoized_by::stored, 8}));
}

BOOST_AUTO_TEST_CASE(a_part_that_has_its_outputs_closes_no_cycle) {
  const auto first = new_task(), second = new_task(), part = new_task();
  auto one = call_for(here, 1, first);
  auto part_of_one = call_for(here, 2, part, leases.at(0).held);
  finish(part, 8);
  BOOST_TEST((outcome(part_of_one) == result_of{memoized_by::stored, 8}));
  auto two = call_for(here, 2, second, {}, {.overwrite = true});
  auto part_of_two = call_for(here, 1, part, leases.at(2).held);
  BOOST_TEST(leases.size() == 3U);
  finish(first, 7);
  BOOST_TEST((outcome(part_of_two) == result_of{memoized_by::waited, 7}));
  finish(second, 8);
  BOOST_TEST((outcome(one) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((outcome(two) == result_of{memoized_by::stored, 8}));
}

BOOST_AUTO_TEST_CASE(a_part_that_lost_its_patience_closes_no_cycle) {
  const auto first = new_task(), second = new_task(), part = new_task(), other = new_task();
  auto one = call_for(here, 1, first);
  auto two = call_for(here, 2, second);
  auto part_of_one = call_for(here, 2, part, leases.at(0).held, {.wait_timeout = 1s});
  pass(1s);
  BOOST_TEST(leases.size() == 3U); // beside the second
  auto part_of_two = call_for(here, 1, other, leases.at(1).held);
  BOOST_TEST(leases.size() == 3U);
  finish(part, 8);
  finish(first, 7);
  finish(second, 8);
  BOOST_TEST((outcome(part_of_two) == result_of{memoized_by::waited, 7}));
  BOOST_TEST((outcome(part_of_one).second == 8));
  BOOST_TEST((outcome(one) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((outcome(two).second == 8));
}

BOOST_AUTO_TEST_CASE(a_part_that_takes_over_closes_a_cycle_like_the_call_before) {
  const auto first = new_task(), second = new_task(), part = new_task(), other = new_task();
  auto one = call_for(here, 1, first);
  auto two = call_for(here, 2, second);
  auto part_of_one = call_for(here, 2, part, leases.at(0).held);
  fail(second); // the part computes in its place
  BOOST_REQUIRE(leases.size() == 3U);
  auto three = call_for(here, 3, second);
  auto part_of_part = call_for(here, 3, other, leases.at(2).held);
  BOOST_TEST(leases.size() == 4U);
  auto part_of_three = call_for(here, 1, other, leases.at(3).held);
  BOOST_REQUIRE(leases.size() == 5U);
  finish(other, 7);
  BOOST_TEST((outcome(part_of_three) == result_of{memoized_by::not_stored, 7}));
  finish(second, 9);
  BOOST_TEST((outcome(part_of_part) == result_of{memoized_by::waited, 9}));
  finish(part, 8);
  finish(first, 7);
  BOOST_TEST((outcome(part_of_one) == result_of{memoized_by::stored, 8}));
  BOOST_TEST((outcome(one) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((outcome(three) == result_of{memoized_by::stored, 9}));
  BOOST_TEST(code_of(answer<memoized>(two)) == errc::internal);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(a_part_does_not_wait_for_a_call_that_waits_for_the_whole, one_at_a_time) {
  const auto task = new_task(), other = new_task(), part = new_task();
  auto whole = call(here, task);
  auto behind = call_for(here, 2, other); // has to wait for the whole's computation
  auto inner = call_for(here, 2, part, leases.at(0).held);
  BOOST_TEST(leases.size() == 2U);
  finish(other, 8);
  BOOST_TEST((outcome(inner) == result_of{memoized_by::waited, 8}));
  finish(task, 7);
  BOOST_TEST((outcome(whole) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((outcome(behind) == result_of{memoized_by::stored, 8}));
}

BOOST_FIXTURE_TEST_CASE(a_cycle_with_a_call_that_had_to_wait_for_its_turn_completes,
                        one_at_a_time) {
  const auto first = new_task(), second = new_task(), part = new_task();
  auto one = call_for(here, 1, first);
  auto two = call_for(here, 2, second);
  BOOST_TEST(leases.size() == 1U);
  auto part_of_one = call_for(here, 2, part, leases.at(0).held);
  BOOST_REQUIRE(leases.size() == 2U);
  auto part_of_two = call_for(here, 1, part, leases.at(1).held);
  BOOST_REQUIRE(leases.size() == 3U);
  finish(part, 7);
  finish(second, 8);
  finish(first, 7);
  BOOST_TEST((outcome(part_of_two) == result_of{memoized_by::not_stored, 7}));
  BOOST_TEST((outcome(part_of_one) == result_of{memoized_by::waited, 8}));
  BOOST_TEST((outcome(one) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((outcome(two) == result_of{memoized_by::stored, 8}));
}
