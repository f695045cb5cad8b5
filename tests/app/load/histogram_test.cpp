#include <deja/app/load/histogram.hpp>
#include <deja/app/load/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

namespace {

using deja::app::load::histogram;
using deja::app::load::random_source;

BOOST_AUTO_TEST_SUITE(a_histogram)

BOOST_AUTO_TEST_CASE(without_values_tells_zero) {
  const histogram none;
  BOOST_TEST(none.count() == 0U);
  BOOST_TEST(none.min() == 0U);
  BOOST_TEST(none.max() == 0U);
  BOOST_TEST(none.mean() == 0);
  BOOST_TEST(none.quantile(0.99) == 0U);
}

BOOST_AUTO_TEST_CASE(knows_each_value_to_three_digits) {
  random_source random{1};
  for (int n = 0; n < 100'000; ++n) {
    const auto value = static_cast<std::uint64_t>(std::exp(random.uniform() * std::log(6e10)));
    histogram one;
    one.record(value);
    one.record(histogram::highest); // so that the upper bound is that of the value's bucket
    const auto told = one.quantile(0.5);
    BOOST_REQUIRE_GE(told, value);
    BOOST_REQUIRE_LE(static_cast<double>(told), static_cast<double>(value) * 1.001);
    if (n == 1000)
      n = 99'000; // a histogram a value is slow
  }
}

BOOST_AUTO_TEST_CASE(tells_the_quantiles_of_what_was_sorted) {
  random_source random{2};
  histogram all;
  std::vector<std::uint64_t> values;
  for (int n = 0; n < 50'000; ++n) {
    values.push_back(1000 + random.below(1'000'000'000));
    all.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.0001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * 50'000 - 1e-9)) - 1;
    BOOST_TEST(static_cast<double>(all.quantile(share)) == static_cast<double>(values[rank]),
               boost::test_tools::tolerance(0.001));
  }
  BOOST_TEST(all.min() == values.front());
  BOOST_TEST(all.max() == values.back());
  BOOST_TEST(all.quantile(1) == values.back());
}

BOOST_AUTO_TEST_CASE(takes_what_is_beyond_its_range) {
  histogram all;
  all.record(0);
  all.record(1'000'000'000'000);
  BOOST_TEST(all.min() == 0U);
  BOOST_TEST(all.max() == 1'000'000'000'000U);
  BOOST_TEST(all.quantile(0.5) == 0U);
  BOOST_TEST(all.quantile(1) >= histogram::highest);
}

BOOST_AUTO_TEST_CASE(that_is_merged_is_as_if_all_had_been_recorded_in_one) {
  random_source random{3};
  histogram all, first, second;
  for (int n = 0; n < 10'000; ++n) {
    const auto value = random.below(100'000'000);
    all.record(value);
    (n % 3 == 0 ? first : second).record(value);
  }
  first.merge(second);
  first.merge(histogram{});
  BOOST_TEST(first.count() == all.count());
  BOOST_TEST(first.min() == all.min());
  BOOST_TEST(first.max() == all.max());
  BOOST_TEST(first.mean() == all.mean(), boost::test_tools::tolerance(1e-9));
  for (const double share : {0.01, 0.5, 0.99})
    BOOST_TEST(first.quantile(share) == all.quantile(share));
}

BOOST_AUTO_TEST_CASE(gives_its_buckets_in_order_and_with_all_values) {
  histogram all;
  for (std::uint64_t value = 1; value < 10'000'000'000; value = value * 3 / 2 + 1)
    all.record(value);
  std::uint64_t last = 0, count = 0;
  all.each([&](std::uint64_t upper, std::uint64_t here) {
    BOOST_TEST(upper > last);
    last = upper;
    count += here;
  });
  BOOST_TEST(count == all.count());
}

BOOST_AUTO_TEST_CASE(is_empty_again_when_it_is_cleared) {
  histogram all;
  all.record(5);
  all.clear();
  all.record(7000);
  BOOST_TEST(all.count() == 1U);
  BOOST_TEST(all.min() == 7000U);
  BOOST_TEST(all.quantile(0.01) == 7000U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
