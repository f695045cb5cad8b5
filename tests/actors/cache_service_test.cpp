#include "../support/held_index.hpp"
#include "../support/results.hpp"
#include "../support/virtual_time.hpp"

#include <deja/actors/cache_gateway.hpp>
#include <deja/actors/cache_service.hpp>
#include <deja/messages/caf_error.hpp>
#include <deja/messages/configure.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <boost/test/unit_test.hpp>

#include <future>

namespace {

using namespace deja;
using namespace std::chrono_literals;
using outcomes = many<outcome>;

struct config : caf::actor_system_config {
  config() { configure(*this); }
};

operation touch(const std::string& key) {
  return touch_operation{{{"", "p", "d"}, key}};
}

struct service {
  explicit service(cache_service_config limits = {})
      : actor(spawn_cache_service(system, index, limits)) {}

  ~service() {
    if (actor)
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }

  auto ask(std::vector<operation> what) {
    return self->request(actor, caf::infinite, apply_atom_v, many<operation>{std::move(what)});
  }

  /// The keys that the answer tells of, or the error's text.
  template <class Handle>
  static std::string told(Handle&& asked) {
    std::string text;
    asked.receive(
        [&](const outcomes& all) {
          for (const auto& one : *all)
            text += one.reservation->key.key;
        },
        [&](const caf::error& why) { text = to_string(from_caf(why)); });
    return text;
  }

  config settings;
  caf::actor_system system{settings};
  caf::scoped_actor self{system};
  std::shared_ptr<testing::held_index> index = std::make_shared<testing::held_index>();
  cache_service_actor actor;
};

} // namespace

BOOST_AUTO_TEST_SUITE(cache_service_actor)

BOOST_FIXTURE_TEST_CASE(what_comes_while_a_group_is_under_way_is_one_group, service) {
  auto first = ask({touch("a"), touch("b"), touch("c"), touch("d")});
  auto probe = ask({}); // answered at once, so the first one is under way
  BOOST_TEST(told(probe) == "");
  auto second = ask({touch("e"), touch("f")});
  auto third = ask({touch("g")});
  BOOST_TEST(index->answer() == 4U);
  BOOST_TEST(index->answer() == 3U);
  BOOST_TEST(told(first) == "abcd");
  BOOST_TEST(told(second) == "ef");
  BOOST_TEST(told(third) == "g");
  BOOST_TEST(index->waiting() == 0U);
}

BOOST_FIXTURE_TEST_CASE(one_more_group_is_handed_over_as_soon_as_it_is_as_large, service) {
  const auto groups_after = [&](std::vector<operation> more) {
    std::vector<decltype(ask({}))> asked;
    asked.push_back(ask(std::move(more)));
    BOOST_TEST(told(ask({})) == "");
    return std::pair{index->waiting(), std::move(asked)};
  };
  const auto first = groups_after({touch("a"), touch("b")});
  const auto second = groups_after({touch("c")});
  BOOST_TEST(second.first == 1U);
  const auto third = groups_after({touch("d")});
  BOOST_TEST(third.first == 2U);
  const auto fourth = groups_after({touch("e"), touch("f"), touch("g")});
  BOOST_TEST(fourth.first == 2U); // Two are enough.
  for (const std::size_t size : {2, 2, 3})
    BOOST_TEST(index->answer() == size);
}

BOOST_AUTO_TEST_CASE(a_group_has_its_limit_but_a_request_stays_whole) {
  service one{{.group_operations = 2}};
  auto first = one.ask({touch("a")});
  auto large = one.ask({touch("b"), touch("c"), touch("d")});
  auto last = one.ask({touch("e")});
  BOOST_TEST(one.told(one.ask({})) == "");
  BOOST_TEST(one.index->answer() == 1U);
  BOOST_TEST(one.index->answer() == 3U);
  BOOST_TEST(one.index->answer() == 1U);
  BOOST_TEST(one.told(first) == "a");
  BOOST_TEST(one.told(large) == "bcd");
  BOOST_TEST(one.told(last) == "e");
}

BOOST_FIXTURE_TEST_CASE(after_a_slow_group_those_who_were_answered_may_come_again,
                        testing::virtual_time) {
  const auto index = std::make_shared<testing::held_index>();
  const auto actor = spawn_cache_service(system, index);
  const auto touch_all = [&](std::vector<std::string> keys) {
    std::vector<operation> all;
    for (const auto& key : keys)
      all.push_back(touch(key));
    auto asked = self->request(actor, caf::infinite, apply_atom_v, many<operation>{std::move(all)});
    settle();
    return asked;
  };
  const auto end_group_after = [&](duration time) {
    advance(time);
    index->answer();
    settle();
  };
  auto first = touch_all({"a", "b"});
  auto second = touch_all({"c"});
  end_group_after(8ms);
  BOOST_TEST(index->waiting() == 0U); // The second waits for the first one's next.
  auto third = touch_all({"d", "e"});
  BOOST_TEST(index->waiting() == 1U);
  auto fourth = touch_all({"f"});
  end_group_after(8ms);
  BOOST_TEST(index->waiting() == 0U);
  advance(1ms); // But not for long.
  BOOST_TEST(index->waiting() == 1U);
  auto fifth = touch_all({"g", "h"}); // Lies ready.
  end_group_after(8ms);
  BOOST_TEST(index->waiting() == 1U);
  auto sixth = touch_all({"i"});
  end_group_after(100us);             // Though its operations have waited for longer.
  BOOST_TEST(index->waiting() == 1U); // Nobody waits after a quick group.
  index->answer();
  settle();
  for (auto* asked : {&first, &second, &third, &fourth, &fifth, &sixth})
    BOOST_TEST(answer<outcomes>(*asked).has_value());
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

BOOST_AUTO_TEST_CASE(more_than_may_wait_is_refused_and_the_rest_goes_on) {
  service one{{.waiting_operations = 2}};
  auto first = one.ask({touch("a"), touch("b")});
  BOOST_TEST(one.told(one.ask({touch("c")})) ==
             "resource_exhausted: the cache service is busy: 2 operations wait already");
  one.index->answer();
  BOOST_TEST(one.told(first) == "ab");
  auto again = one.ask({touch("d")});
  one.index->answer();
  BOOST_TEST(one.told(again) == "d");
}

BOOST_FIXTURE_TEST_CASE(who_waits_when_the_service_ends_is_told, service) {
  auto asked = ask({touch("a")});
  BOOST_TEST(told(ask({})) == "");
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  BOOST_TEST(told(asked).starts_with("unavailable: "));
  index->answer(); // too late, and harmless
  BOOST_TEST(told(ask({touch("b")})).starts_with("unavailable: "));
}

BOOST_FIXTURE_TEST_CASE(keys_are_looked_up, service) {
  std::size_t found = 0;
  self->request(actor, caf::infinite, look_up_atom_v,
                many<entry_key>{{entry_key{{}, "a"}, entry_key{{}, "b"}}})
      .receive([&](const outcomes& all) { found = all->size(); },
               [](const caf::error& why) { BOOST_FAIL(to_string(from_caf(why))); });
  BOOST_TEST(found == 2U);
}

BOOST_AUTO_TEST_CASE(limits_of_nothing_are_refused) {
  BOOST_TEST(cache_service_config{.group_operations = 0}.validate().error().message ==
             "cache service: group_operations is 0; at least 1 is possible");
  BOOST_TEST(!cache_service_config{.waiting_operations = 0}.validate());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(gateway)

BOOST_FIXTURE_TEST_CASE(operations_of_one_turn_are_one_message, service) {
  cache_gateway gateway{system, actor};
  std::vector<std::function<void()>> posted;
  const auto later = [&](std::function<void()> task) {
    posted.push_back(std::move(task));
  };
  std::promise<std::string> first, second;
  const auto keep = [](std::promise<std::string>& into) {
    return [&into](const outcome& done) {
      into.set_value(done.reservation->key.key);
    };
  };
  gateway.apply(touch("a"), keep(first), later);
  gateway.apply(touch("b"), keep(second), later);
  BOOST_REQUIRE(posted.size() == 1U);
  posted.front()();
  BOOST_TEST(index->answer() == 2U);
  BOOST_TEST(first.get_future().get() == "a");
  BOOST_TEST(second.get_future().get() == "b");
}

BOOST_FIXTURE_TEST_CASE(calls_end_with_the_gateway_or_the_service, service) {
  std::promise<outcome> ungathered, gathered, later_one;
  const auto keep = [](std::promise<outcome>& into) {
    return [&into](const outcome& done) {
      into.set_value(done);
    };
  };
  const auto at_once = [](const std::function<void()>& task) {
    task();
  };
  {
    cache_gateway gateway{system, actor};
    gateway.apply(touch("b"), keep(gathered), [](const auto&) {});
  }
  BOOST_TEST(gathered.get_future().get().why->code == errc::unavailable);
  cache_gateway gateway{system, actor};
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  self->wait_for(actor);
  gateway.apply(touch("c"), keep(later_one), at_once);
  BOOST_TEST(later_one.get_future().get().why->code == errc::unavailable);
}

BOOST_AUTO_TEST_SUITE_END()
