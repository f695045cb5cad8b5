#include <deja/transport/collect/eviction.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace {

using namespace deja;

/// Candidates of 10 bytes each, named by when they were used.
std::vector<eviction_candidate> used_at(const std::vector<int>& times) {
  std::vector<eviction_candidate> all;
  for (const int time : times)
    all.push_back({{{}, std::to_string(time)}, 1, wall_time{std::chrono::seconds{time}}, 10, 10});
  return all;
}

std::string named(const std::vector<eviction_candidate>& all) {
  std::string text;
  for (const auto& one : all)
    text += one.key.key + ' ';
  return text;
}

BOOST_AUTO_TEST_SUITE(an_eviction)

BOOST_AUTO_TEST_CASE(goes_five_percent_below_the_cap) {
  BOOST_TEST(over(100, 100) == 0U);
  BOOST_TEST(over(101, 100) == 6U);
  BOOST_TEST(over(1, 1) == 0U);
  BOOST_TEST(over(3, 1) == 2U);
}

BOOST_AUTO_TEST_CASE(takes_the_longest_unused_until_it_is_enough) {
  surplus left{.entries = 2};
  BOOST_TEST(named(evicted(used_at({5, 1, 4, 2, 3}), true, left)) == "1 2 ");
  BOOST_TEST(left.none());
  left = {.bytes = 21};
  BOOST_TEST(named(evicted(used_at({5, 1, 4, 2, 3}), true, left)) == "1 2 3 ");
  left = {.entries = 9, .bytes = 1};
  BOOST_TEST(evicted(used_at({5, 1}), true, left).size() == 2U);
  BOOST_TEST(left.entries == 7U);
  BOOST_TEST(left.bytes == 0U);
}

BOOST_AUTO_TEST_CASE(takes_a_sixteenth_of_a_sample_at_most) {
  std::vector<int> times;
  for (int time = 40; time > 0; --time)
    times.push_back(time);
  surplus left{.entries = 30};
  BOOST_TEST(named(evicted(used_at(times), false, left)) == "1 2 ");
  BOOST_TEST(left.entries == 28U);
  BOOST_TEST(named(evicted(used_at({7, 6}), false, left)) == "6 ");
  BOOST_TEST(evicted({}, false, left).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
