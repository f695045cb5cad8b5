#include "../../support/results.hpp"

#include <deja/app/load/key_choice.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

namespace {

using namespace deja::app::load;

std::vector<double> shares_of(const std::string& distribution, std::uint64_t keys,
                              int tries = 400'000) {
  const auto choice = key_choice::parse(distribution, keys).value();
  random_source random{5};
  std::vector<double> all(keys);
  for (int n = 0; n < tries; ++n)
    all.at(choice(random)) += 1.0 / tries;
  return all;
}

BOOST_AUTO_TEST_SUITE(a_choice_of_keys)

BOOST_AUTO_TEST_CASE(may_be_even) {
  for (const double share : shares_of("uniform", 10))
    BOOST_TEST(share == 0.1, boost::test_tools::tolerance(0.03));
}

BOOST_AUTO_TEST_CASE(may_follow_zipfs_law) {
  for (const double exponent : {0.5, 0.99, 1.0, 2.0}) {
    const auto shares = shares_of("zipf:" + std::to_string(exponent), 50);
    double sum = 0;
    for (int rank = 1; rank <= 50; ++rank)
      sum += std::pow(rank, -exponent);
    for (const int rank : {1, 2, 3, 10, 50}) {
      const double due = std::pow(rank, -exponent) / sum;
      // Within five deviations of a count of 400,000.
      BOOST_TEST(std::abs(shares[static_cast<std::size_t>(rank - 1)] - due) <
                     5 * std::sqrt(due / 400'000),
                 "exponent " << exponent << ", rank " << rank);
    }
  }
}

BOOST_AUTO_TEST_CASE(may_have_one_key_or_very_many) {
  BOOST_TEST(shares_of("zipf:0.99", 1, 100)[0] == 1, boost::test_tools::tolerance(1e-9));
  const auto choice = key_choice::parse("zipf:0.99", 10'000'000).value();
  random_source random{1};
  std::uint64_t highest = 0;
  for (int n = 0; n < 100'000; ++n)
    highest = std::max(highest, choice(random));
  BOOST_TEST(highest < 10'000'000U);
  BOOST_TEST(highest > 5'000'000U);
}

BOOST_AUTO_TEST_CASE(that_is_none_is_refused) {
  for (const auto* bad : {"", "zipf", "zipf:", "zipf:0", "zipf:-1", "zipf:11", "zipf:1x", "even"})
    BOOST_TEST(!key_choice::parse(bad, 10), bad);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
