#include "index_fixture.hpp"

namespace {

using namespace deja;
using namespace deja::testing;

std::uint64_t token_of(const outcome& done) {
  return done.reservation ? done.reservation->fencing_token : 0;
}

BOOST_AUTO_TEST_SUITE(a_reservation_of_an_index)

BOOST_DATA_TEST_CASE(is_had_by_who_comes_first, backends, backend) {
  index_fixture f{backend};
  BOOST_TEST(!f.at.lookup("k").reservation);
  const auto mine = f.at.apply(reserve("k", "me"));
  BOOST_TEST(code_of(mine) == errc::ok);
  BOOST_TEST(owner_of(mine.reservation) == "me");
  f.clock->pass(1s);
  const auto theirs = f.at.apply(reserve("k", "you"));
  BOOST_TEST(code_of(theirs) == errc::ok);
  BOOST_TEST((theirs.reservation == mine.reservation));
  BOOST_TEST((f.at.lookup("k").reservation == mine.reservation));
}

BOOST_DATA_TEST_CASE(knows_its_times, backends, backend) {
  index_fixture f{backend};
  const auto since = f.clock->now();
  auto mine = f.at.apply(reserve("k", "me", 30s)).reservation.value();
  BOOST_TEST((mine.key == key_named("k")));
  BOOST_TEST((mine.since == since));
  BOOST_TEST((mine.heartbeat == 10s));
  BOOST_TEST((mine.expires == since + 30s));
  f.clock->pass(29s);
  mine = f.at.apply(reserve("k", "me", 60s)).reservation.value();
  BOOST_TEST((mine.since == since));
  BOOST_TEST((mine.expires == since + 89s));
}

BOOST_DATA_TEST_CASE(keeps_its_token_while_it_is_extended, backends, backend) {
  index_fixture f{backend};
  const auto token = token_of(f.at.apply(reserve("k", "me")));
  BOOST_TEST(token > 0u);
  f.clock->pass(29s);
  BOOST_TEST(token_of(f.at.apply(reserve("k", "me"))) == token);
  f.clock->pass(29s);
  BOOST_TEST(owner_of(f.at.apply(reserve("k", "you")).reservation) == "me");
  f.clock->pass(31s); // It ran out, but nobody else has had it since.
  BOOST_TEST(token_of(f.at.apply(reserve("k", "me"))) == token);
}

BOOST_DATA_TEST_CASE(runs_out, backends, backend) {
  index_fixture f{backend};
  f.at.apply(reserve("k", "me", 30s));
  f.clock->pass(30s - 1ns);
  BOOST_TEST(owner_of(f.at.apply(reserve("k", "you")).reservation) == "me");
  f.clock->pass(1ns);
  BOOST_TEST(owner_of(f.at.lookup("k").reservation) == "nobody");
  scan_filter reservations;
  reservations.what = scan_filter::kind::reservations;
  BOOST_TEST(f.at.scan(reservations).value().reservations.empty());
  BOOST_TEST(owner_of(f.at.apply(reserve("k", "you")).reservation) == "you");
}

BOOST_DATA_TEST_CASE(does_not_care_for_the_wall_clock, two_clock_backends, backend) {
  index_fixture f{backend};
  f.at.apply(reserve("k", "me", 30s));
  f.clock->set(f.clock->now() + 24h);
  BOOST_TEST(owner_of(f.at.lookup("k").reservation) == "me");
  f.clock->set(wall_time{});
  f.clock->pass(30s);
  BOOST_TEST(owner_of(f.at.lookup("k").reservation) == "nobody");
}

BOOST_DATA_TEST_CASE(has_a_higher_token_with_each_new_owner, backends, backend) {
  index_fixture f{backend};
  std::uint64_t last = 0;
  for (const auto* owner : {"a", "b", "a", "c"}) {
    const auto token = token_of(f.at.apply(reserve("k", owner)));
    BOOST_TEST(token > last);
    last = token;
    if (*owner == 'b')
      f.at.apply(release("k", owner));
    else
      f.clock->pass(30s);
  }
}

BOOST_DATA_TEST_CASE(is_released_by_its_owner_alone, backends, backend) {
  index_fixture f{backend};
  const auto mine = f.at.apply(reserve("k", "me"));
  const auto refused = f.at.apply(release("k", "you"));
  BOOST_TEST(code_of(refused) == errc::ok);
  BOOST_TEST(!refused.reservation);
  BOOST_TEST(owner_of(f.at.lookup("k").reservation) == "me");
  BOOST_TEST((f.at.apply(release("k", "me")).reservation == mine.reservation));
  BOOST_TEST(owner_of(f.at.lookup("k").reservation) == "nobody");
  BOOST_TEST(code_of(f.at.apply(release("k", "me"))) == errc::ok);
}

BOOST_DATA_TEST_CASE(that_ran_out_is_released_in_silence, backends, backend) {
  index_fixture f{backend};
  f.at.apply(reserve("k", "me", 30s));
  f.clock->pass(30s);
  const auto done = f.at.apply(release("k", "me"));
  BOOST_TEST(code_of(done) == errc::ok);
  BOOST_TEST(!done.reservation);
}

BOOST_DATA_TEST_CASE(lets_its_owner_put, backends, backend) {
  index_fixture f{backend};
  const auto token = token_of(f.at.apply(reserve("k", "me")));
  BOOST_TEST(code_of(f.at.apply(put("k", "a", {.held = fence{"me", token}}))) == errc::ok);
  BOOST_TEST(code_of(f.at.apply(put("k", "b", {.held = fence{"me", 0}}))) == errc::already_exists);
  BOOST_TEST(code_of(f.at.apply(put("k", "b", {.overwrite = true, .held = fence{"me", 0}}))) ==
             errc::ok);
}

BOOST_DATA_TEST_CASE(fences_off_who_lost_it, backends, backend) {
  index_fixture f{backend};
  const auto stale = token_of(f.at.apply(reserve("k", "me", 30s)));
  const auto refused = [&](fence held) {
    return code_of(f.at.apply(put("k", "a", {.overwrite = true, .held = std::move(held)}))) ==
           errc::failed_precondition;
  };
  BOOST_TEST(refused({"you", 0}));
  BOOST_TEST(refused({"you", stale}));
  BOOST_TEST(refused({"me", stale + 1}));
  f.clock->pass(30s);
  BOOST_TEST(refused({"me", stale})); // It ran out.
  f.at.apply(reserve("k", "you", 30s));
  BOOST_TEST(refused({"me", stale})); // Another has it.
  f.clock->pass(30s);
  f.at.apply(reserve("k", "me", 30s));
  BOOST_TEST(refused({"me", stale})); // It is ours again, but another had it in between.
  f.at.apply(release("k", "me"));
  BOOST_TEST(refused({"me", 0})); // Nobody has it.
  BOOST_TEST(f.at.uri("k") == "none");
}

BOOST_DATA_TEST_CASE(does_not_hinder_a_put_without_one, backends, backend) {
  index_fixture f{backend};
  f.at.apply(reserve("k", "me"));
  BOOST_TEST(code_of(f.at.apply(put("k", "a"))) == errc::ok);
  const auto found = f.at.lookup("k");
  BOOST_TEST(uri_of(found.entry) == "a");
  BOOST_TEST(owner_of(found.reservation) == "me");
  f.at.apply(erase("k"));
  BOOST_TEST(owner_of(f.at.lookup("k").reservation) == "me");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
