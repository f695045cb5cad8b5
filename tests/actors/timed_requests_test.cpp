#include "../support/results.hpp"
#include "../support/virtual_time.hpp"

#include <deja/actors/reply.hpp>
#include <deja/actors/timed_requests.hpp>
#include <deja/messages/catalog.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;
using testing::code_of;

/// Answers when a test says so.
using late_actor =
    caf::typed_actor<caf::replies_to<get_atom>::with<std::uint64_t>, caf::reacts_to<done_atom>>;

/// Asks the other, and answers nobody.
using asking_actor = caf::typed_actor<caf::reacts_to<start_atom>, caf::reacts_to<tick_atom>>;

struct late_state {
  std::vector<reply<std::uint64_t>> asked;
};

struct asking_state {
  std::optional<timed_requests<asking_actor::pointer>> requests;
};

struct one_request : testing::virtual_time {
  one_request() {
    late = system.spawn(
        [](late_actor::stateful_pointer<late_state> that) -> late_actor::behavior_type {
          return {[that](get_atom) {
                    return that->state.asked
                        .emplace_back(that->make_response_promise<std::uint64_t>())
                        .asker();
                  },
                  [that](done_atom) {
                    for (const auto& answer : std::exchange(that->state.asked, {}))
                      answer(std::uint64_t{7});
                  }};
        });
    asking = system.spawn(
        [this](asking_actor::stateful_pointer<asking_state> that) -> asking_actor::behavior_type {
          that->state.requests.emplace(that);
          return {[this, that](start_atom) {
                    const auto kept = std::make_shared<int>();
                    with_request = kept;
                    that->state.requests->ask<std::uint64_t>(
                        that->clock().now() + 1s, late,
                        [this, kept](std::uint64_t value) { told.emplace_back(value); },
                        [this, kept](const error& why) { told.emplace_back(why); }, get_atom_v);
                  },
                  [that](tick_atom) {
                    that->state.requests->tick();
                  }};
        });
    self->send(asking, start_atom_v);
    settle();
  }

  ~one_request() {
    caf::anon_send_exit(asking, caf::exit_reason::kill);
    caf::anon_send_exit(late, caf::exit_reason::kill);
  }

  void answer_now() {
    self->send(late, done_atom_v);
    settle();
  }

  late_actor late;
  asking_actor asking;
  std::weak_ptr<int> with_request; ///< What the functions for its end hold.
  std::vector<result<std::uint64_t>> told;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(requests_with_time_limits, one_request)

BOOST_AUTO_TEST_CASE(an_answer_in_time_is_the_only_one) {
  advance(999ms);
  answer_now();
  advance(1min);
  BOOST_TEST(told.size() == 1U);
  BOOST_TEST(told.front().value() == 7U);
  BOOST_TEST(with_request.expired());
}

BOOST_AUTO_TEST_CASE(without_an_answer_in_time_it_is_deadline_exceeded) {
  advance(999ms);
  BOOST_TEST(told.empty());
  advance(1ms);
  BOOST_TEST(told.size() == 1U);
  BOOST_TEST(code_of(told.front()) == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(nothing_is_kept_for_an_answer_that_is_overdue) {
  advance(1s);
  BOOST_TEST(with_request.expired());
  answer_now(); // for nobody
  BOOST_TEST(told.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_actor_that_has_ended_is_unavailable_at_once) {
  caf::anon_send_exit(late, caf::exit_reason::kill);
  settle();
  self->send(asking, start_atom_v);
  settle();
  BOOST_TEST(code_of(told.back()) == errc::unavailable);
}

BOOST_AUTO_TEST_SUITE_END()
