#include <deja/messages/clock.hpp>

#include <boost/test/unit_test.hpp>

namespace deja {

BOOST_AUTO_TEST_SUITE(the_machines_clock)

BOOST_AUTO_TEST_CASE(tells_the_time_of_day) {
  const auto before = std::chrono::system_clock::now();
  const wall_time now = clock::system()->now();
  const auto after = std::chrono::system_clock::now();
  BOOST_TEST((before <= now && now <= after));
}

BOOST_AUTO_TEST_CASE(counts_from_the_boot_and_never_goes_back) {
  const auto first = clock::system()->since_boot();
  const auto second = clock::system()->since_boot();
  BOOST_TEST(first.count() > 0);
  BOOST_TEST(first.count() <= second.count());
}

BOOST_AUTO_TEST_CASE(knows_the_boot_it_counts_from) {
  BOOST_TEST(clock::system()->boot_id().size() == 36U);
  BOOST_TEST(clock::system()->boot_id() == clock::system()->boot_id());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
