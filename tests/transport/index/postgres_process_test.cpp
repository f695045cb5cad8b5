#include "../../support/child_process.hpp"
#include "index_fixture.hpp"

#include <thread>

namespace {

using namespace deja;
using namespace deja::testing;

boost::test_tools::assertion_result is_installed(boost::unit_test::test_unit_id) {
  return !postgres_server::programs().empty();
}

struct process_fixture {
  blocking_index open() const { return blocking_index{make_postgres_index({.url = url}).value()}; }

  std::string url = postgres_server::shared().fresh_url();
};

BOOST_AUTO_TEST_SUITE(processes_with_one_postgresql_index,
                      *boost::unit_test::precondition(is_installed))

BOOST_FIXTURE_TEST_CASE(make_the_tables_together, process_fixture) {
  for (int round = 0; round < 5; ++round) {
    url = postgres_server::shared().fresh_url();
    std::vector<std::unique_ptr<child_process>> all;
    for (int n = 0; n < 4; ++n)
      all.push_back(std::make_unique<child_process>([&](line_channel& test) {
        test.hear();
        auto at = open();
        const auto done = at.apply(put(std::to_string(::getpid()), "a"));
        test.say(done.why ? to_string(*done.why) : "stored");
      }));
    for (auto& one : all)
      one->say("go");
    for (auto& one : all)
      BOOST_TEST(one->hear() == "stored");
  }
}

BOOST_FIXTURE_TEST_CASE(have_one_winner_a_key, process_fixture) {
  constexpr int keys = 100;
  const auto race = [&](const std::string& me) {
    return [&, me](line_channel& test) {
      auto at = open();
      at.lookup("connected");
      test.say("ready");
      test.hear();
      std::string put_won, held, order = me;
      for (int n = 0; n < keys; ++n) {
        // Two keys a group, in the order that suits each least.
        const auto a = std::to_string(n), b = std::to_string((n + 1) % keys);
        const auto done = me == "a" ? at.apply({put(a, me), reserve(a, me), put(b, me)})
                                    : at.apply({put(b, me), reserve(a, me), put(a, me)});
        BOOST_TEST(done.size() == 3u);
        const auto& own = me == "a" ? done[0] : done[2];
        const auto& next = me == "a" ? done[2] : done[0];
        put_won += own.why ? '0' : '1';
        put_won += next.why ? '0' : '1';
        held += owner_of(done[1].reservation) == me ? '1' : '0';
        for (const auto& one : done)
          if (one.why && one.why->code != errc::already_exists)
            test.say(to_string(*one.why));
      }
      test.say(put_won);
      test.say(held);
    };
  };
  std::vector<std::unique_ptr<child_process>> all;
  for (const auto* me : {"a", "b", "c"})
    all.push_back(std::make_unique<child_process>(race(me)));
  for (auto& one : all)
    BOOST_TEST(one->hear() == "ready");
  for (auto& one : all)
    one->say("go");
  std::vector<int> puts(keys), owners(keys);
  for (auto& one : all) {
    const auto won = one->hear();
    const auto held = one->hear();
    BOOST_REQUIRE_EQUAL(won.size(), std::size_t{2 * keys});
    BOOST_REQUIRE_EQUAL(held.size(), std::size_t{keys});
    for (std::size_t n = 0; n < keys; ++n) {
      puts[n] += won[2 * n] == '1';
      puts[(n + 1) % keys] += won[2 * n + 1] == '1';
      owners[n] += held[n] == '1';
    }
    BOOST_TEST(one->wait() == 0);
  }
  const std::vector<int> one_each(keys, 1);
  BOOST_TEST(puts == one_each, boost::test_tools::per_element());
  BOOST_TEST(owners == one_each, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(put_more_at_once_than_goes_in_one_statement, process_fixture) {
  auto at = open();
  const std::string megabyte(1 << 20, 'x');
  std::vector<operation> group;
  for (int n = 0; n < 70; ++n)
    group.push_back(put(std::to_string(n), megabyte));
  group.push_back(put("0", "b", {.overwrite = true}));
  const auto done = at.apply(std::move(group));
  for (const auto& one : done)
    BOOST_TEST(code_of(one) == errc::ok);
  BOOST_TEST(at.uri("0") == "b");
  BOOST_TEST((at.uri("69") == megabyte));
}

BOOST_FIXTURE_TEST_CASE(hear_of_the_others_changes, process_fixture) {
  child_process other{[&](line_channel& test) {
    auto at = open();
    at->watch([&](std::span<const entry_key> keys) {
      for (const auto& key : keys)
        test.say(key.where.org + '/' + key.key);
    });
    // It listens once it hears of anything: the test puts until then.
    test.hear();
  }};
  auto at = open();
  std::promise<void> heard;
  std::thread listener{[&] {
    BOOST_TEST(other.hear() == "org/knock");
    heard.set_value();
  }};
  auto told = heard.get_future();
  while (told.wait_for(5ms) != std::future_status::ready)
    at.apply(put("knock", "a", {.overwrite = true}));
  listener.join();
  const std::string strange{"a\xff\0b", 4};
  at.apply({put(strange, "a"), put("k", "a")});
  std::string line;
  while ((line = other.hear()) == "org/knock")
    continue;
  BOOST_TEST(line == "org/" + strange);
  BOOST_TEST(other.hear() == "org/k");
  other.say("enough");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
