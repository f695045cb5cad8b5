#include "../support/results.hpp"
#include "two_processes.hpp"

#include <deja/messages/key.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;
using testing::code_of;
using testing::one_at_a_time;
using testing::outputs;
using testing::result_of;
using testing::some_key;
using testing::some_literals;
using testing::two_processes;

} // namespace

BOOST_FIXTURE_TEST_SUITE(memoizers, two_processes)

BOOST_AUTO_TEST_CASE(a_miss_is_computed_and_stored_and_then_a_hit) {
  const auto task = new_task();
  auto first = call(here, task);
  pass(3s);
  finish(task, 7);
  BOOST_TEST((outcome(first) == result_of{memoized_by::stored, 7}));
  auto second = call(there, task);
  const auto hit = answer<memoized>(second).value();
  BOOST_TEST((hit.how == memoized_by::hit));
  BOOST_TEST(hit.computation.count() == duration{3s}.count());
  BOOST_TEST(leases.size() == 1);
}

BOOST_AUTO_TEST_CASE(calls_at_once_are_one_computation) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  auto second = call(here, other);
  finish(task, 7);
  BOOST_TEST((outcome(first) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((outcome(second) == result_of{memoized_by::waited, 7}));
  BOOST_TEST(leases.size() == 1);
}

BOOST_AUTO_TEST_CASE(another_process_waits_and_gets_the_result) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  auto second = call(there, other);
  pass(20s); // the reservation is kept alive
  BOOST_TEST(leases.size() == 1);
  finish(task, 7);
  pass(1s);
  BOOST_TEST((outcome(first) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((outcome(second) == result_of{memoized_by::waited, 7}));
}

BOOST_AUTO_TEST_CASE(who_can_wait_hears_of_the_result_at_once) {
  two_processes both{{}, true};
  const auto task = both.new_task();
  auto first = both.call(both.here, task);
  auto second = both.call(both.there, task);
  both.finish(task, 7);
  BOOST_REQUIRE(!both.self->mailbox().empty()); // with no time passed
  BOOST_TEST((both.outcome(first) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((both.outcome(second) == result_of{memoized_by::waited, 7}));
}

BOOST_AUTO_TEST_CASE(who_can_wait_takes_over_at_once_where_the_task_fails) {
  two_processes both{{}, true};
  const auto task = both.new_task(), other = both.new_task();
  auto first = both.call(both.here, task);
  auto second = both.call(both.there, other);
  both.fail(task);
  BOOST_TEST(both.leases.size() == 2U); // with no time passed
  both.finish(other, 8);
  BOOST_TEST(code_of(both.answer<memoized>(first)) == errc::internal);
  BOOST_TEST((both.outcome(second) == result_of{memoized_by::stored, 8}));
}

// An entry that is not to be handed out must not end each wait for the next.
BOOST_AUTO_TEST_CASE(who_can_wait_waits_for_another_entry_than_the_one_that_is_too_old) {
  two_processes both{{}, true};
  const auto task = both.new_task();
  auto before = both.call(both.here, task);
  both.finish(task, 6);
  both.outcome(before);
  both.pass(1h);
  auto first = both.call(both.here, task, {.max_age = 1min});
  auto second = both.call(both.there, task, {.max_age = 1min}); // settles: it looks no more
  both.pass(3s);
  both.finish(task, 7);
  BOOST_TEST((both.outcome(first) == result_of{memoized_by::stored, 7}));
  BOOST_TEST((both.outcome(second) == result_of{memoized_by::waited, 7}));
}

BOOST_AUTO_TEST_CASE(who_can_wait_waits_no_longer_than_its_patience) {
  two_processes both{{}, true};
  const auto task = both.new_task(), other = both.new_task();
  auto first = both.call(both.here, task);
  auto second = both.call(both.there, other, {.wait_timeout = 2s});
  both.pass(1900ms);
  BOOST_TEST(both.leases.size() == 1U);
  both.pass(200ms);
  BOOST_TEST(both.leases.size() == 2U);
  both.finish(other, 8);
  both.finish(task, 7);
  both.outcome(first);
  BOOST_TEST((both.outcome(second).second == 8));
}

BOOST_AUTO_TEST_CASE(when_a_process_is_killed_one_that_waits_takes_over_within_the_grace) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  auto second = call(there, other);
  pass(1s);
  here.kill();
  pass(7s); // three heartbeats, and a look
  BOOST_TEST(leases.size() == 2);
  finish(other, 8);
  BOOST_TEST((outcome(second) == result_of{memoized_by::stored, 8}));
  BOOST_TEST(code_of(answer<memoized>(first)) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(a_failure_is_its_own_calls_and_the_next_takes_over) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  auto second = call(here, other);
  fail(task);
  BOOST_TEST(code_of(answer<memoized>(first)) == errc::internal);
  BOOST_TEST(leases.size() == 2);
  finish(other, 8);
  BOOST_TEST((outcome(second) == result_of{memoized_by::stored, 8}));
}

BOOST_AUTO_TEST_CASE(a_task_that_dies_is_a_failure) {
  const auto task = new_task();
  auto asked = call(here, task);
  caf::anon_send_exit(task, caf::exit_reason::kill);
  BOOST_TEST(code_of(answer<memoized>(asked)) == errc::unavailable);
  const auto other = new_task();
  auto again = call(there, other); // the reservation is released
  BOOST_TEST(leases.size() == 2);
  finish(other, 8);
  BOOST_TEST((outcome(again) == result_of{memoized_by::stored, 8}));
}

BOOST_AUTO_TEST_CASE(overwrite_computes_anew_and_joins_no_other) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  finish(task, 7);
  outcome(first);
  auto second = call(here, other, {.overwrite = true});
  auto hit = call(here, task);
  BOOST_TEST((outcome(hit) == result_of{memoized_by::hit, 7}));
  finish(other, 8);
  BOOST_TEST((outcome(second) == result_of{memoized_by::stored, 8}));
  auto third = call(there, task);
  BOOST_TEST((outcome(third) == result_of{memoized_by::hit, 8}));
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_too_old_is_replaced) {
  const auto task = new_task();
  auto first = call(here, task);
  finish(task, 7);
  outcome(first);
  pass(10s);
  auto second = call(here, task, {.max_age = 5s});
  finish(task, 8);
  BOOST_TEST((outcome(second) == result_of{memoized_by::stored, 8}));
  auto third = call(there, task, {.max_age = 5s});
  BOOST_TEST((outcome(third) == result_of{memoized_by::hit, 8}));
}

BOOST_AUTO_TEST_CASE(a_stale_entry_is_served_while_it_is_refreshed) {
  const auto task = new_task();
  auto first = call(here, task);
  finish(task, 7);
  outcome(first);
  pass(10s);
  auto second = call(here, task, {.max_age = 5s, .serve_stale = true});
  BOOST_TEST((outcome(second) == result_of{memoized_by::stale, 7}));
  BOOST_TEST(leases.size() == 2);
  finish(task, 8);
  auto third = call(there, task, {.max_age = 5s});
  BOOST_TEST((outcome(third) == result_of{memoized_by::hit, 8}));
}

BOOST_AUTO_TEST_CASE(calls_during_the_refresh_get_the_stale_entry_at_once_too) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  finish(task, 7);
  outcome(first);
  pass(10s);
  auto second = call(here, task, {.max_age = 5s, .serve_stale = true});
  BOOST_TEST((outcome(second) == result_of{memoized_by::stale, 7}));
  auto third = call(here, other, {.max_age = 5s, .serve_stale = true});
  BOOST_TEST((outcome(third) == result_of{memoized_by::stale, 7}));
  BOOST_TEST(leases.size() == 2);
  finish(task, 8);
}

BOOST_AUTO_TEST_CASE(no_wait_computes_beside_another_and_the_first_result_stays) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  auto second = call(here, other, {.no_wait = true});
  auto third = call(there, other, {.no_wait = true});
  BOOST_TEST(leases.size() == 3);
  finish(other, 8);
  finish(task, 7);
  BOOST_TEST((outcome(first) == result_of{memoized_by::lost_race, 7}));
  const auto one = outcome(second).first, two = outcome(third).first;
  BOOST_TEST((one == memoized_by::stored || two == memoized_by::stored));
}

BOOST_AUTO_TEST_CASE(patience_ends) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  auto joined = call(here, other, {.wait_timeout = 2s});
  auto second = call(there, other, {.wait_timeout = 2s});
  pass(5s);
  BOOST_TEST(leases.size() == 3);
  finish(other, 8);
  finish(task, 7);
  BOOST_TEST(answer<memoized>(first).has_value());
  BOOST_TEST(outcome(joined).second == 8);
  BOOST_TEST(outcome(second).second == 8);
}

BOOST_AUTO_TEST_CASE(patience_ends_also_for_one_that_joined_a_call_that_is_gone) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  auto gone = call(there, other, {}, 5);
  auto second = call(there, other, {.wait_timeout = 2s});
  self->send(there.memoizer, cancel_atom_v, std::uint64_t{5});
  BOOST_TEST(code_of(answer<memoized>(gone)) == errc::canceled);
  pass(3s);
  BOOST_TEST(leases.size() == 2);
  finish(other, 8);
  BOOST_TEST((outcome(second) == result_of{memoized_by::stored, 8}));
  finish(task, 7);
  BOOST_TEST((outcome(first) == result_of{memoized_by::lost_race, 7}));
}

BOOST_AUTO_TEST_CASE(the_longest_patience_is_no_short_one) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  auto joined = call(here, other, {.wait_timeout = duration::max()});
  auto stopping = self->request(here.memoizer, 60min, stop_atom_v, duration::max());
  pass(5s);
  BOOST_TEST(leases.size() == 1);
  finish(task, 7);
  BOOST_TEST((outcome(joined) == result_of{memoized_by::waited, 7}));
  BOOST_TEST(answer<memoized>(first).has_value());
  BOOST_TEST(answer<no_value>(stopping).has_value());
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_leaves_the_others_alone) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task, {}, 5);
  auto second = call(here, other);
  self->send(here.memoizer, cancel_atom_v, std::uint64_t{5});
  BOOST_TEST(code_of(answer<memoized>(first)) == errc::canceled);
  BOOST_TEST(cancelled == 0);
  finish(task, 7);
  BOOST_TEST((outcome(second) == result_of{memoized_by::waited, 7}));
}

BOOST_AUTO_TEST_CASE(a_call_that_is_cancelled_while_its_inputs_are_read_computes_nothing) {
  const auto task = new_task();
  auto key = some_key();
  key.inputs = inputs_under{"here"};
  here.store.blobs.insert({"here/inputs.pb", outputs{some_literals(1)}});
  auto gone = self->request(here.memoizer, 60min, memoize_atom_v, call_context{5, {}, {}},
                            memoize_request{key, {}, {}, {}}, task_actor{task});
  self->send(here.memoizer, cancel_atom_v, std::uint64_t{5}); // before the store answers
  BOOST_TEST(code_of(answer<memoized>(gone)) == errc::canceled);
  BOOST_TEST(leases.size() == 0);
}

BOOST_AUTO_TEST_CASE(a_reservation_that_comes_when_nobody_wants_it_any_more_is_released) {
  testing::fake_service service_there;
  const auto connection = testing::connect(system, service_there);
  const auto client = spawn_catalog_client(system, connection, here.storage);
  const auto heartbeat = spawn_reservation_heartbeat(system, connection);
  const auto memoizer = spawn_memoizer(system, client, here.storage, heartbeat);
  service_there.before_reserve = [&] {
    self->send(memoizer, cancel_atom_v, std::uint64_t{5});
  };
  auto gone = self->request(memoizer, 60min, memoize_atom_v, call_context{5, {}, {}},
                            memoize_request{some_key(), {}, {}, {}}, task_actor{new_task()});
  BOOST_TEST(code_of(answer<memoized>(gone)) == errc::canceled);
  BOOST_TEST(!service_there.owner.has_value());
  BOOST_TEST(leases.size() == 0);
  ask<no_value>(memoizer, stop_atom_v, duration{}).value();
  for (const auto& one :
       {caf::actor_cast<caf::actor>(client), caf::actor_cast<caf::actor>(heartbeat),
        caf::actor_cast<caf::actor>(connection)})
    caf::anon_send_exit(one, caf::exit_reason::kill);
}

BOOST_AUTO_TEST_CASE(when_nobody_wants_it_any_more_the_task_is_told_and_the_key_is_free) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task, {}, 5);
  self->send(here.memoizer, cancel_atom_v, std::uint64_t{5});
  BOOST_TEST(code_of(answer<memoized>(first)) == errc::canceled);
  BOOST_TEST(cancelled == 1);
  auto second = call(there, other);
  finish(other, 8);
  BOOST_TEST((outcome(second) == result_of{memoized_by::stored, 8}));
}

namespace {

/// `here` sleeps so long that its reservation becomes `there`'s, and wakes up.
template <class Task>
auto lose_reservation(two_processes& test, const Task& task, const Task& other, on_lost then) {
  auto first = test.call(test.here, task, {.on_lost = then});
  test.clock->pass(1min); // only the service notices
  auto second = test.call(test.there, other);
  BOOST_TEST(test.leases.size() == 2);
  test.pass(3s);
  return std::pair{std::move(first), std::move(second)};
}

} // namespace

BOOST_AUTO_TEST_CASE(a_lost_reservation_cancels_the_computation_which_then_waits) {
  const auto task = new_task(), other = new_task();
  auto [first, second] = lose_reservation(*this, task, other, on_lost::cancel);
  BOOST_TEST(cancelled == 1);
  fail(task);
  finish(other, 8);
  pass(2s);
  BOOST_TEST((outcome(second) == result_of{memoized_by::stored, 8}));
  BOOST_TEST((outcome(first) == result_of{memoized_by::waited, 8}));
}

BOOST_AUTO_TEST_CASE(a_loss_to_a_call_of_the_same_process_is_not_that_calls) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  clock->pass(1min); // only the service notices
  auto second = call(here, other, {.overwrite = true});
  BOOST_TEST(leases.size() == 2);
  pass(3s);
  BOOST_TEST(cancelled == 1);
  fail(task);
  finish(other, 8);
  pass(2s);
  BOOST_TEST((outcome(second) == result_of{memoized_by::stored, 8}));
  BOOST_TEST((outcome(first) == result_of{memoized_by::waited, 8}));
}

BOOST_AUTO_TEST_CASE(a_result_that_comes_after_the_loss_is_not_stored) {
  const auto task = new_task(), other = new_task();
  auto [first, second] = lose_reservation(*this, task, other, on_lost::finish);
  BOOST_TEST(cancelled == 0);
  finish(task, 7);
  BOOST_TEST((outcome(first) == result_of{memoized_by::lost_race, 7}));
  finish(other, 8);
  BOOST_TEST((outcome(second) == result_of{memoized_by::stored, 8}));
}

BOOST_AUTO_TEST_CASE(an_entry_whose_outputs_are_gone_is_replaced) {
  cacheservice::CachedOutput gone;
  gone.set_output_uri("s3://gone/outputs.pb");
  *gone.mutable_metadata()->mutable_source_identifier() = *some_key().identifier;
  const entry_key key{{"o", "p", "d"}, make_key(some_key()).value()};
  ask<many<result<put_status>>>(here.connection, put_atom_v, call_context{},
                                many<entry_put>{{entry_put{key, gone}}})
      .value();
  const auto task = new_task();
  auto first = call(here, task);
  finish(task, 7);
  BOOST_TEST((outcome(first) == result_of{memoized_by::stored, 7}));
  auto second = call(there, task);
  BOOST_TEST((outcome(second) == result_of{memoized_by::hit, 7}));
}

BOOST_AUTO_TEST_CASE(a_cache_out_of_reach_keeps_nobody_from_computing) {
  caf::anon_send_exit(service, caf::exit_reason::kill);
  const auto task = new_task();
  auto asked = call(here, task);
  finish(task, 7);
  const auto done = answer<memoized>(asked).value();
  BOOST_TEST((done.how == memoized_by::not_stored));
  BOOST_TEST((done.why->code == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_cache_that_was_out_of_reach_is_asked_again_a_second_later) {
  testing::fake_service gone;
  gone.down = error{errc::unavailable, "gone"};
  const auto connection = testing::connect(system, gone);
  const auto client = spawn_catalog_client(system, connection, here.storage);
  const auto memoizer = spawn_memoizer(system, client, here.storage, here.heartbeat);
  const auto task = new_task();
  for (const auto& [wait, asked] : {std::pair{0s, 1U}, std::pair{0s, 1U}, std::pair{1s, 2U}}) {
    pass(wait);
    auto one = self->request(memoizer, 60min, memoize_atom_v, call_context{},
                             memoize_request{some_key(), {}, {}, {}}, task_actor{task});
    settle();
    finish(task, 7);
    BOOST_TEST((outcome(one) == result_of{memoized_by::not_stored, 7}));
    BOOST_TEST(gone.calls.size() == asked);
  }
  caf::anon_send_exit(memoizer, caf::exit_reason::kill);
  caf::anon_send_exit(client, caf::exit_reason::kill);
  caf::anon_send_exit(connection, caf::exit_reason::kill);
}

BOOST_AUTO_TEST_CASE(stop_waits_for_computations_and_then_cancels_them) {
  const auto task = new_task();
  auto asked = call(here, task);
  auto stopping = self->request(here.memoizer, 60min, stop_atom_v, duration{10s});
  pass(5s);
  auto late = call(here, task);
  BOOST_TEST(code_of(answer<memoized>(late)) == errc::unavailable);
  pass(5s);
  BOOST_TEST(code_of(answer<memoized>(asked)) == errc::canceled);
  BOOST_TEST(cancelled == 1);
  BOOST_TEST(answer<no_value>(stopping).has_value());
  auto other = call(there, task); // the reservation is released
  BOOST_TEST(leases.size() == 2);
  finish(task, 8);
  BOOST_TEST((outcome(other) == result_of{memoized_by::stored, 8}));
}

BOOST_AUTO_TEST_CASE(options_that_make_no_sense_are_refused) {
  const auto task = new_task();
  auto negative = call(here, task, {.max_age = -1s});
  BOOST_TEST(code_of(answer<memoized>(negative)) == errc::invalid_argument);
  auto ageless = call(here, task, {.serve_stale = true});
  BOOST_TEST(code_of(answer<memoized>(ageless)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(computations_at_a_time_are_limited, one_at_a_time) {
  const auto task = new_task(), other = new_task();
  auto first = call(here, task);
  auto second = call_for(here, 2, other);
  BOOST_TEST(leases.size() == 1);
  finish(task, 7);
  outcome(first);
  BOOST_TEST(leases.size() == 2);
  finish(other, 8);
  BOOST_TEST((outcome(second) == result_of{memoized_by::stored, 8}));
}
