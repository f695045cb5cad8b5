#include <deja/transport/collect/access_log.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;

const wall_time now{std::chrono::hours{500'000}};

entry used(const std::string& key, duration ago) {
  entry one;
  one.key = {{"", "p", "d"}, key};
  one.accessed = now - ago;
  return one;
}

BOOST_AUTO_TEST_SUITE(the_access_log)

BOOST_AUTO_TEST_CASE(has_each_use_that_is_news_once) {
  access_log log{{.grain = 60s}};
  log.note(used("fresh", 60s), now);
  log.note(used("old", 61s), now);
  log.note(used("old", 61s), now);
  const auto touches = log.take(10);
  BOOST_REQUIRE_EQUAL(touches.size(), 1);
  BOOST_TEST(std::get<touch_operation>(touches.at(0)).key.key == "old");
  BOOST_TEST(log.take(10).empty());
}

BOOST_AUTO_TEST_CASE(takes_a_use_by_a_clock_that_is_behind) {
  access_log log{{.grain = 60s}};
  log.note(used("k", -1h), now);
  BOOST_TEST(log.take(10).size() == 1U);
}

BOOST_AUTO_TEST_CASE(gives_no_more_than_is_asked_for) {
  access_log log;
  for (const auto* key : {"a", "b", "c"})
    log.note(used(key, 1h), now);
  BOOST_TEST(log.take(2).size() == 2U);
  BOOST_TEST(log.take(2).size() == 1U);
}

BOOST_AUTO_TEST_CASE(keeps_so_many_and_forgets_the_others) {
  access_log log{{.keys = 2}};
  for (const auto* key : {"a", "b", "c", "a"})
    log.note(used(key, 1h), now);
  BOOST_TEST(log.take(10).size() == 2U);
  log.note(used("c", 1h), now);
  BOOST_TEST(log.take(10).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
