#include "../support/fake_connection.hpp"
#include "../support/results.hpp"
#include "../support/virtual_time.hpp"

#include <deja/actors/reservation_heartbeat.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;
using strings = std::vector<std::string>;

const entry_key key{{"", "p", "d"}, "k"};

struct held : testing::virtual_time {
  held() {
    holder = system.spawn([this]() -> lease_holder_actor::behavior_type {
      return {[this](lost_atom, const entry_key&, const reservation& theirs) {
        losses.push_back(theirs.owner);
      }};
    });
    service.owner = "me";
    reservation mine;
    mine.owner = "me";
    mine.heartbeat = 3s;
    self->send(beats, hold_atom_v, key, mine, holder);
    settle();
  }

  ~held() {
    for (const auto& one :
         {caf::actor_cast<caf::actor>(beats), caf::actor_cast<caf::actor>(holder)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
  }

  std::size_t count(const std::string& call) const {
    return static_cast<std::size_t>(std::ranges::count(service.calls, call));
  }

  testing::fake_service service;
  reservation_heartbeat_actor beats =
      spawn_reservation_heartbeat(system, testing::connect(system, service));
  lease_holder_actor holder;
  strings losses;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(reservation_heartbeats, held)

BOOST_AUTO_TEST_CASE(it_extends_in_time) {
  advance(1900ms);
  BOOST_TEST(service.calls.empty());
  advance(100ms);
  BOOST_TEST(count("reserve me") == 1U);
  advance(1h);
  BOOST_TEST(count("reserve me") == 1801U);
  BOOST_TEST(losses.empty());
}

BOOST_AUTO_TEST_CASE(many_are_extended_in_one_request) {
  reservation mine;
  mine.owner = "me";
  mine.heartbeat = 3s;
  for (int more = 0; more < 20; ++more)
    self->send(beats, hold_atom_v, entry_key{{"", "p", "d"}, std::to_string(more)}, mine, holder);
  advance(2s);
  BOOST_TEST(count("reserve me") == 21U);
  BOOST_TEST(service.requests == 1U);
}

BOOST_AUTO_TEST_CASE(a_loss_is_told_once) {
  service.owner = "you";
  advance(1min);
  BOOST_TEST(losses == strings{"you"}, boost::test_tools::per_element());
  BOOST_TEST(count("reserve me") == 1U);
}

BOOST_AUTO_TEST_CASE(a_service_out_of_reach_is_no_loss_and_is_asked_again_sooner) {
  service.down = error{errc::unavailable, "gone"};
  advance(2s);
  advance(750ms);
  BOOST_TEST(count("reserve me") == 2U);
  service.down.reset();
  advance(750ms);
  BOOST_TEST(count("reserve me") == 3U);
  advance(1900ms);
  BOOST_TEST(count("reserve me") == 3U);
  BOOST_TEST(losses.empty());
}

BOOST_AUTO_TEST_CASE(letting_go_releases_and_ends_the_beats) {
  BOOST_TEST(ask<no_value>(beats, let_go_atom_v, key, std::string{"me"}).has_value());
  BOOST_TEST(count("release me") == 1U);
  advance(1min);
  BOOST_TEST(count("reserve me") == 0U);
}

BOOST_AUTO_TEST_CASE(letting_go_waits_for_an_extension_under_way) {
  // The request to let go comes while the extension is being answered.
  service.before_reserve = [this] {
    self->send(beats, let_go_atom_v, key, std::string{"me"});
  };
  advance(2s);
  BOOST_TEST(service.calls == (strings{"reserve me", "release me"}),
             boost::test_tools::per_element());
  BOOST_TEST(!service.owner.has_value());
}

BOOST_AUTO_TEST_CASE(a_failed_release_is_told) {
  service.down = error{errc::unavailable, "gone"};
  const auto told = ask<no_value>(beats, let_go_atom_v, key, std::string{"me"});
  BOOST_TEST(testing::code_of(told) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(what_a_holder_held_ends_with_it) {
  caf::anon_send_exit(holder, caf::exit_reason::kill);
  advance(1min);
  BOOST_TEST(service.calls == strings{"release me"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
