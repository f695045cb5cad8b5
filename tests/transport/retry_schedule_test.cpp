#include <deja/transport/retry_schedule.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;

retry_limits limits() {
  return {.attempts = 6, .first_pause = 100ms, .longest_pause = 500ms};
}

BOOST_AUTO_TEST_SUITE(a_retry_schedule)

BOOST_AUTO_TEST_CASE(doubles_its_pauses_up_to_the_longest) {
  retry_schedule schedule{limits(), [] {
                            return 0.5;
                          }};
  for (const auto expected : {50ms, 100ms, 200ms, 250ms, 250ms})
    BOOST_TEST((schedule.next(1h) == expected));
}

BOOST_AUTO_TEST_CASE(ends_with_its_attempts) {
  retry_schedule schedule{limits(), [] {
                            return 0.;
                          }};
  for (int pause = 0; pause < 5; ++pause)
    BOOST_TEST(schedule.next(1h).has_value());
  BOOST_TEST(!schedule.next(1h).has_value());
  BOOST_TEST(!schedule.next(1h).has_value());
}

BOOST_AUTO_TEST_CASE(ends_where_the_pause_would_take_the_time_that_is_left) {
  retry_schedule schedule{limits(), [] {
                            return 0.5;
                          }};
  BOOST_TEST(schedule.next(51ms).has_value());
  BOOST_TEST(!schedule.next(100ms).has_value());
}

BOOST_AUTO_TEST_CASE(draws_each_pause_anew) {
  double random = 0;
  retry_schedule schedule{limits(), [&] {
                            return random;
                          }};
  BOOST_TEST((schedule.next(1h) == 0ms));
  random = 0.25;
  BOOST_TEST((schedule.next(1h) == 50ms));
}

BOOST_AUTO_TEST_CASE(of_one_attempt_has_no_pause) {
  retry_schedule schedule{{.attempts = 1}, [] {
                            return 0.;
                          }};
  BOOST_TEST(!schedule.next(1h).has_value());
}

BOOST_AUTO_TEST_CASE(does_not_overflow_with_the_longest_of_pauses) {
  retry_schedule schedule{
      {.attempts = 100, .first_pause = duration::max(), .longest_pause = duration::max()}, [] {
        return 0.25;
      }};
  for (int pause = 0; pause < 50; ++pause)
    BOOST_TEST((schedule.next(duration::max()) > 0ms));
}

BOOST_AUTO_TEST_CASE(spreads_those_who_hear_of_the_same_at_once) {
  BOOST_TEST((spread_pause(0, 0.5) == 0ms));
  BOOST_TEST((spread_pause(10, 0.5) == 5ms));
  BOOST_TEST((spread_pause(1'000'000, 0.5) == 50ms));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
