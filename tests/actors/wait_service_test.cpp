#include "../support/held_index.hpp"
#include "../support/results.hpp"
#include "../support/settable_clock.hpp"
#include "../support/virtual_time.hpp"

#include <deja/actors/cache_gateway.hpp>
#include <deja/actors/cache_service.hpp>
#include <deja/actors/wait_service.hpp>
#include <deja/transport/index/memory_index.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;

const entry_key key{{"o", "p", "d"}, "k"};

call_context within_time(duration time, std::uint64_t id = 0) {
  return {.id = id, .time_left = time, .traceparent = {}};
}

/// A wait service over an index in memory; both clocks are the test's.
struct service : virtual_time {
  explicit service(wait_service_config config = {}) {
    config.clock = clock;
    waits = spawn_wait_service(system, index, config);
    settle();
  }

  ~service() {
    caf::anon_send_exit(waits, caf::exit_reason::user_shutdown);
    settle();
  }

  void pass(duration time) {
    clock->pass(time);
    advance(time);
  }

  void apply(operation what) {
    index->apply({std::move(what)}, [](const auto&) {});
    settle();
  }

  void put() { apply(put_operation{key, "", "", {}}); }

  void reserve(const std::string& owner = "me", duration lease = 30s) {
    apply(reserve_operation{key, owner, 1s, lease});
  }

  auto wait(call_context context = within_time(30s)) {
    auto asked = self->request(waits, 60min, wait_atom_v, context, wait_request{key, {}, false});
    settle();
    return asked;
  }

  template <class Asked>
  result<wait_event> event_of(Asked& asked) {
    const auto told = answer<waited>(asked);
    if (!told)
      return told.error();
    return told->event;
  }

  std::size_t waiting() {
    const auto counts = ask<many<std::uint64_t>>(waits, count_atom_v, many<entry_key>{{key}});
    return (*counts)->at(0);
  }

  std::shared_ptr<settable_clock> clock = std::make_shared<settable_clock>();
  std::shared_ptr<deja::index> index = make_memory_index(clock);
  wait_service_actor waits;
};

} // namespace

BOOST_AUTO_TEST_SUITE(a_wait_service)

BOOST_FIXTURE_TEST_CASE(tells_of_a_put_when_it_is_done, service) {
  reserve();
  auto asked = wait();
  BOOST_TEST(self->mailbox().empty());
  put();
  BOOST_REQUIRE(!self->mailbox().empty()); // with no time passed
  BOOST_TEST((event_of(asked).value() == wait_event::entry));
}

BOOST_FIXTURE_TEST_CASE(tells_of_a_release, service) {
  reserve();
  auto asked = wait();
  apply(release_operation{key, "me"});
  BOOST_REQUIRE(!self->mailbox().empty());
  BOOST_TEST((event_of(asked).value() == wait_event::released));
}

BOOST_FIXTURE_TEST_CASE(tells_that_a_reservation_ran_out, service) {
  reserve("me", 1500ms);
  auto asked = wait();
  pass(1499ms);
  BOOST_TEST(self->mailbox().empty());
  pass(2ms);
  BOOST_REQUIRE(!self->mailbox().empty());
  BOOST_TEST((event_of(asked).value() == wait_event::expired));
}

BOOST_FIXTURE_TEST_CASE(ends_a_wait_with_its_time, service) {
  reserve();
  auto asked = wait(within_time(700ms));
  pass(699ms);
  BOOST_TEST(self->mailbox().empty());
  pass(1ms);
  const auto told = answer<waited>(asked);
  BOOST_TEST((told->event == wait_event::timeout));
  BOOST_TEST(told->holder.value().owner == "me");
  BOOST_TEST(waiting() == 0U);
}

BOOST_AUTO_TEST_CASE(lets_nobody_wait_for_longer_than_is_allowed) {
  service at{{.longest = 5s}};
  at.reserve();
  auto asked = at.wait(within_time(1h));
  at.pass(5s);
  BOOST_REQUIRE(!at.self->mailbox().empty());
  BOOST_TEST((at.event_of(asked).value() == wait_event::timeout));
}

BOOST_AUTO_TEST_CASE(refuses_more_than_may_wait) {
  service at{{.limits = {.waiters = 1}}};
  at.reserve();
  auto first = at.wait();
  auto second = at.wait();
  BOOST_TEST(code_of(at.event_of(second)) == errc::resource_exhausted);
  at.put();
  BOOST_TEST((at.event_of(first).value() == wait_event::entry));
}

BOOST_FIXTURE_TEST_CASE(forgets_a_wait_that_is_cancelled, service) {
  reserve();
  auto asked = wait(within_time(30s, 7));
  BOOST_TEST(waiting() == 1U);
  self->send(waits, cancel_atom_v, std::uint64_t{8});
  self->send(waits, cancel_atom_v, std::uint64_t{7});
  BOOST_TEST(code_of(event_of(asked)) == errc::canceled);
  BOOST_TEST(waiting() == 0U);
}

BOOST_FIXTURE_TEST_CASE(answers_all_when_it_stops, service) {
  reserve();
  auto first = wait();
  BOOST_TEST(code_of(ask<no_value>(waits, stop_atom_v)) == errc::ok);
  BOOST_TEST(code_of(event_of(first)) == errc::unavailable);
  auto late = wait();
  BOOST_TEST(code_of(event_of(late)) == errc::unavailable);
}

// An index that tells of nothing: by the looks alone.
BOOST_AUTO_TEST_CASE(depends_on_no_notification) {
  service at;
  at.index->watch({});
  at.reserve();
  auto asked = at.wait();
  at.put();
  BOOST_TEST(at.self->mailbox().empty());
  at.pass(1s);
  BOOST_REQUIRE(!at.self->mailbox().empty());
  BOOST_TEST((at.event_of(asked).value() == wait_event::entry));
}

BOOST_AUTO_TEST_CASE(refuses_limits_that_cannot_work) {
  BOOST_TEST(code_of(wait_service_config{.limits = {.waiters = 0}}.validate()) ==
             errc::invalid_argument);
  BOOST_TEST(code_of(wait_service_config{.limits = {.look_every = 0s}}.validate()) ==
             errc::invalid_argument);
  BOOST_TEST(code_of(wait_service_config{.longest = 2h}.validate()) == errc::invalid_argument);
}

BOOST_FIXTURE_TEST_CASE(is_waited_at_through_the_gateway, service) {
  cache_gateway gateway{system, {}, waits};
  reserve();
  std::vector<result<waited>> told;
  const auto note = [&](const result<waited>& what) {
    told.push_back(what);
  };
  gateway.wait({key, {}, false}, 30s, note);
  const auto leave = gateway.wait({key, {}, false}, 30s, note);
  settle();
  BOOST_TEST(waiting() == 2U);
  leave();
  settle();
  BOOST_REQUIRE(told.size() == 1U);
  BOOST_TEST(code_of(told[0]) == errc::canceled);
  std::uint64_t counted = 0;
  gateway.count_waiters({}, [&](const auto& counts) { counted = counts->at(0); });
  settle();
  BOOST_TEST(counted == 1U);
  put();
  BOOST_REQUIRE(told.size() == 2U);
  BOOST_TEST((told[1]->event == wait_event::entry));
  leave(); // late, and harmless
}

BOOST_FIXTURE_TEST_CASE(waits_end_with_the_gateway, service) {
  reserve();
  std::optional<result<waited>> told;
  {
    cache_gateway gateway{system, {}, waits};
    gateway.wait({key, {}, false}, 30s, [&](const auto& what) { told = what; });
    settle();
  }
  BOOST_REQUIRE(told.has_value());
  BOOST_TEST(code_of(*told) == errc::unavailable);
}

BOOST_AUTO_TEST_SUITE_END()
