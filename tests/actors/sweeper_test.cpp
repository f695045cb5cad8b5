#include "../support/settable_clock.hpp"
#include "../support/temporary_folder.hpp"
#include "../support/virtual_time.hpp"

#include <deja/actors/cache_service.hpp>
#include <deja/actors/sweeper.hpp>
#include <deja/transport/blob/content_store.hpp>
#include <deja/transport/index/memory_index.hpp>

#include <caf/send.hpp>

#include <boost/test/unit_test.hpp>

#include <future>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;

entry_key key_named(const std::string& name) {
  return {{"", "p", "d"}, name};
}

put_operation put(const std::string& name, std::optional<duration> lifetime = {}) {
  put_operation what;
  what.key = key_named(name);
  what.lifetime = lifetime;
  return what;
}

struct sweeper_fixture : virtual_time {
  std::shared_ptr<settable_clock> clock = std::make_shared<settable_clock>();
  std::shared_ptr<deja::index> entries = make_memory_index(clock);
  std::shared_ptr<access_log> log = std::make_shared<access_log>();
  std::vector<collection_report> rounds;
  std::size_t failures = 0;
  bool broken = false;

  std::vector<outcome> apply(std::vector<operation> wanted) {
    if (broken)
      return {wanted.size(), outcome{error{errc::unavailable, "broken"}, {}, {}}};
    std::vector<outcome> given;
    entries->apply(std::move(wanted), [&](auto all) { given = std::move(all); });
    return given;
  }

  entry found(const std::string& name) {
    entry one;
    entries->lookup(std::vector{key_named(name)}, [&](auto all) { one = *all.at(0).entry; });
    return one;
  }

  sweeper_actor sweeper(sweeper_config config = {}) {
    config.own_thread = false;
    return spawn_sweeper(system,
                         {.entries = *entries,
                          .apply =
                              [this](auto wanted) {
                                return apply(std::move(wanted));
                              }},
                         log, std::move(config), [this](const auto& round) {
                           if (round)
                             rounds.push_back(*round);
                           else
                             ++failures;
                         });
  }

  /// Time passes for actors and index alike.
  void pass(duration span) {
    clock->pass(span);
    advance(span);
  }
};

BOOST_FIXTURE_TEST_SUITE(a_sweeper, sweeper_fixture)

BOOST_AUTO_TEST_CASE(clears_up_at_once_and_then_from_time_to_time) {
  apply({put("a", 30s), put("b", 90s)});
  const auto actor = sweeper();
  pass(10s);
  BOOST_TEST(rounds.size() == 1U);
  BOOST_TEST(rounds.at(0).expired == 0U);
  pass(60s);
  BOOST_TEST(rounds.size() == 2U);
  BOOST_TEST(rounds.at(1).expired == 1U);
  pass(60s);
  BOOST_TEST(rounds.size() == 3U);
  BOOST_TEST(rounds.at(2).expired == 1U);
  BOOST_TEST(ask<no_value>(actor, stop_atom_v).has_value());
}

BOOST_AUTO_TEST_CASE(goes_on_after_a_failure) {
  apply({put("a", 30s)});
  clock->pass(30s);
  broken = true;
  const auto actor = sweeper();
  pass(10s);
  BOOST_TEST(failures == 1U);
  broken = false;
  pass(60s);
  BOOST_TEST(rounds.at(0).expired == 1U);
  BOOST_TEST(ask<no_value>(actor, stop_atom_v).has_value());
}

BOOST_AUTO_TEST_CASE(records_uses_every_few_seconds_and_at_its_end) {
  apply({put("a"), put("b")});
  clock->pass(100s);
  const auto actor = sweeper();
  settle();
  log->note(found("a"), clock->now());
  pass(4s);
  BOOST_TEST((found("a").accessed == found("b").accessed));
  pass(1s);
  BOOST_TEST((found("a").accessed == clock->now()));
  log->note(found("b"), clock->now());
  BOOST_TEST(ask<no_value>(actor, stop_atom_v).has_value());
  BOOST_TEST((found("b").accessed == clock->now()));
}

BOOST_AUTO_TEST_CASE(records_many_uses_in_groups) {
  constexpr int many = 2'500;
  for (int number = 0; number < many; ++number)
    apply({put(std::to_string(number))});
  clock->pass(100s);
  const auto actor = sweeper();
  settle();
  for (int number = 0; number < many; ++number)
    log->note(found(std::to_string(number)), clock->now());
  const auto recorded = [this] {
    int count = 0;
    for (int number = 0; number < many; ++number)
      count += found(std::to_string(number)).accessed == clock->now() ? 1 : 0;
    return count;
  };
  pass(5s);
  BOOST_TEST(recorded() == 1'000);
  BOOST_TEST(ask<no_value>(actor, stop_atom_v).has_value());
  BOOST_TEST(recorded() == many);
}

BOOST_AUTO_TEST_CASE(looks_for_contents_soon_after_entries_were_dropped_with_theirs) {
  const temporary_folder folder;
  const auto blobs = open_blob_store(folder.path().native()).value();
  const auto dropped = std::make_shared<std::atomic<bool>>(false);
  const auto actor = spawn_sweeper(
      system,
      {.entries = *entries,
       .apply = [this](auto wanted) { return apply(std::move(wanted)); },
       .blobs = blobs.get(),
       .now =
           [] {
             return std::chrono::system_clock::now() + 24h;
           }},
      log, {.plan = {.contents = true, .grace = 5min}, .dropped = dropped, .own_thread = false},
      [this](const auto& round) { rounds.push_back(round.value()); });
  const auto removed = [this] {
    std::uint64_t all = 0;
    for (const auto& round : rounds)
      all += round.contents.blobs;
    return all;
  };
  pass(90s); // The first round looks for contents, and the next one not.
  BOOST_REQUIRE(make_content_store(blobs)->put_bytes(sha256::of("x"), "x"));
  pass(10min);
  BOOST_TEST(removed() == 0U);
  *dropped = true;
  pass(5min);
  BOOST_TEST(removed() == 0U);
  pass(2min);
  BOOST_TEST(removed() == 1U);
  // And again for what is dropped while a look is due already.
  *dropped = true;
  pass(3min);
  *dropped = true;
  pass(4min);
  BOOST_REQUIRE(make_content_store(blobs)->put_bytes(sha256::of("y"), "y"));
  pass(3min);
  BOOST_TEST(removed() == 2U);
  BOOST_TEST(ask<no_value>(actor, stop_atom_v).has_value());
}

BOOST_AUTO_TEST_CASE(refuses_spans_that_are_none) {
  BOOST_TEST(!sweeper_config{.every = 0s}.validate());
  const auto refused = sweeper_config{.flush_every = 25h}.validate();
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message ==
             "sweeper: flush_every is 90000000000000 ns; 1 ms to 24 h are possible");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_sweeper_on_a_thread_of_its_own_works_through_the_cache_service) {
  struct config : caf::actor_system_config {
    config() { configure(*this); }
  } settings;

  caf::actor_system system{settings};
  std::shared_ptr<deja::index> entries = make_memory_index();
  auto dead = put("a", 0ns);
  entries->apply({dead}, [](auto) {});
  const auto service = spawn_cache_service(system, entries);
  std::promise<std::uint64_t> expired;
  const auto actor =
      spawn_sweeper(system, {.entries = *entries, .apply = apply_through(system, service)},
                    std::make_shared<access_log>(), {},
                    [&](const auto& round) { expired.set_value(round.value().expired); });
  BOOST_TEST(expired.get_future().get() == 1U);
  caf::scoped_actor self{system};
  self->request(actor, caf::infinite, stop_atom_v)
      .receive([](const no_value&) {}, [](const caf::error& why) { BOOST_ERROR(to_string(why)); });
  caf::anon_send_exit(service, caf::exit_reason::user_shutdown);
}

} // namespace
