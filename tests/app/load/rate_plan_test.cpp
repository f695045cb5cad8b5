#include "../../support/results.hpp"

#include <deja/app/load/rate_plan.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>

namespace {

using namespace deja::app::load;
using boost::test_tools::tolerance;

/// All due times of a share.
std::vector<double> times_of(const rate_plan& plan, arrival_kind kind, unsigned share = 0,
                             unsigned shares = 1) {
  std::vector<double> all;
  for (arrivals due{plan, kind, 7 + share, share, shares}; due.next() <= plan.length();
       due.advance())
    all.push_back(due.next());
  return all;
}

BOOST_AUTO_TEST_SUITE(a_rate_plan)

BOOST_AUTO_TEST_CASE(of_an_even_rate_has_even_times) {
  const rate_plan plan{{{10, 100, 100}}};
  const auto times = times_of(plan, arrival_kind::fixed);
  BOOST_REQUIRE_EQUAL(times.size(), 1000U);
  for (std::size_t n = 0; n < times.size(); ++n)
    BOOST_TEST(times[n] == static_cast<double>(n) / 100, tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(goes_on_where_a_phase_ends) {
  const rate_plan plan{{{1, 10, 10}, {2, 100, 100}}};
  BOOST_TEST(plan.due() == 210);
  BOOST_TEST(plan.length() == 3);
  BOOST_TEST(plan.time_of(5) == 0.5, tolerance(1e-9));
  BOOST_TEST(plan.time_of(10) == 1, tolerance(1e-9));
  BOOST_TEST(plan.time_of(110) == 2, tolerance(1e-9));
  BOOST_TEST(std::isinf(plan.time_of(210)));
}

BOOST_AUTO_TEST_CASE(of_a_ramp_has_as_many_as_lie_below_it) {
  for (const auto& part : {phase{10, 10, 110}, phase{10, 110, 10}}) {
    const rate_plan plan{{part}};
    BOOST_TEST(plan.due() == 600);
    for (const double time : {0.1, 3.0, 5.0, 9.9}) {
      const double due = part.rate * time + (part.rate_to - part.rate) * time * time / 20;
      BOOST_TEST(plan.time_of(due) == time, tolerance(1e-9));
    }
  }
}

BOOST_AUTO_TEST_CASE(without_a_rate_has_nothing_due) {
  const rate_plan plan{{{10, 0, 0}}};
  BOOST_TEST(!plan.is_open());
  BOOST_TEST(times_of(plan, arrival_kind::fixed).empty());
}

BOOST_AUTO_TEST_CASE(that_is_shared_is_the_same_in_all) {
  const rate_plan plan{{{1, 100, 100}}};
  std::vector<double> all;
  for (unsigned share = 0; share < 3; ++share)
    for (const double time : times_of(plan, arrival_kind::fixed, share, 3))
      all.push_back(time);
  std::sort(all.begin(), all.end());
  BOOST_TEST(all == times_of(plan, arrival_kind::fixed), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_random_times_is_a_poisson_process) {
  const rate_plan plan{{{1000, 100, 100}}};
  std::vector<double> all;
  for (unsigned share = 0; share < 2; ++share)
    for (const double time : times_of(plan, arrival_kind::poisson, share, 2))
      all.push_back(time);
  std::sort(all.begin(), all.end());
  // 100,000 are due, give or take 316.
  BOOST_TEST(std::abs(static_cast<double>(all.size()) - 100'000) < 1600);
  // The gaps' mean and deviation are the same, and 1 - 1/e of them are below the mean.
  double sum = 0, squares = 0, below = 0;
  for (std::size_t n = 1; n < all.size(); ++n) {
    const double gap = all[n] - all[n - 1];
    sum += gap;
    squares += gap * gap;
    below += gap < 0.01 ? 1 : 0;
  }
  const auto count = static_cast<double>(all.size() - 1);
  BOOST_TEST(std::sqrt(squares / count - sum * sum / count / count) == 0.01, tolerance(0.02));
  BOOST_TEST(below / count == 0.632, tolerance(0.02));
}

BOOST_AUTO_TEST_CASE(is_the_same_for_the_same_seed) {
  const rate_plan plan{{{10, 100, 100}}};
  BOOST_TEST(times_of(plan, arrival_kind::poisson) == times_of(plan, arrival_kind::poisson),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(is_read_from_steps_and_ramps) {
  const auto steps = rate_plan::parse_steps("1000:10s,2000:500ms").value();
  BOOST_TEST((steps == std::vector<phase>{{10, 1000, 1000}, {0.5, 2000, 2000}}));
  BOOST_TEST((rate_plan::parse_ramp("1:50:1m").value() == std::vector<phase>{{60, 1, 50}}));
  for (const auto* bad : {"", "1000", "1000:10s,", "0:10s", "x:10s", "10:soon", "10:0s", "1e9:1s"})
    BOOST_TEST(!rate_plan::parse_steps(bad), bad);
  for (const auto* bad : {"1:2", "1:2:3s:4", "0:1:1s", "1:-1:1s"})
    BOOST_TEST(!rate_plan::parse_ramp(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
