#include "../../support/results.hpp"

#include <deja/app/load/collector.hpp>
#include <deja/app/load/limit_search.hpp>
#include <deja/app/load/options.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace app::load;
using namespace std::chrono_literals;

const steady::time_point start{1000s};

interval_stats seen(std::uint64_t requests, std::uint64_t latency) {
  interval_stats all;
  all.all.requests = all.all.ok = requests;
  for (std::uint64_t n = 0; n < requests; ++n)
    all.of(operation::get).record(latency);
  return all;
}

void add(collector& to, unsigned thread, std::uint64_t interval, interval_stats what,
         steady::time_point now) {
  to.add(thread, interval, what, true, now);
}

BOOST_AUTO_TEST_SUITE(a_collector)

BOOST_AUTO_TEST_CASE(closes_a_second_when_all_threads_are_beyond_it) {
  collector all{2, 10};
  all.start(start);
  add(all, 0, 0, seen(10, 1000), start + 1s);
  add(all, 0, 1, seen(1, 1000), start + 1500ms);
  BOOST_TEST(!all.wait_for_second(0, start));
  add(all, 1, 0, seen(30, 9000), start + 1s);
  const auto first = all.wait_for_second(0, start);
  BOOST_REQUIRE(first);
  BOOST_TEST(first->end == 1);
  BOOST_TEST(first->all.requests == 40U);
  BOOST_TEST(first->latency.p50 >= 9000U);
  BOOST_TEST(first->latency.p50 <= 9009U);
  BOOST_TEST(!all.wait_for_second(1, start));
  const auto result = all.finish();
  BOOST_REQUIRE_EQUAL(result.seconds.size(), 2U);
  BOOST_TEST(result.seconds[1].end == 1.5);
  BOOST_TEST(result.all.requests == 41U);
  BOOST_TEST(result.all_latencies().count() == 41U);
}

BOOST_AUTO_TEST_CASE(keeps_long_runs_in_as_many_intervals_as_short_ones) {
  BOOST_TEST((collector{1, 3600}.interval() == 1));
  BOOST_TEST((collector{1, 86400}.interval() == 24));
}

BOOST_AUTO_TEST_CASE(tells_how_busy_a_thread_was_in_its_busiest_interval) {
  collector all{2, 10};
  all.start(start);
  const auto used = [&](unsigned thread, std::uint64_t interval, double cpu) {
    interval_stats stats;
    stats.cpu = cpu;
    add(all, thread, interval, std::move(stats), all.end_of(interval));
  };
  for (std::uint64_t interval = 0; interval < 5; ++interval) {
    used(0, interval, 0.1);
    used(1, interval, interval == 2 ? 0.95 : 0.2);
  }
  interval_stats rest;
  rest.cpu = 0.04;
  add(all, 0, 5, std::move(rest), start + 5010ms);
  const auto result = all.finish();
  BOOST_TEST(result.busiest_thread == 0.95);
  BOOST_TEST(result.seconds[2].harness_cpu == 1.05);
}

BOOST_AUTO_TEST_CASE(tells_when_the_service_was_away) {
  collector all{1, 10};
  all.start(start);
  all.reached(start + 1s);
  all.add_unreached(start + 2s, errc::unavailable, 1);
  all.add_unreached(start + 3s, errc::unavailable, 5);
  all.reached(start + 4s);
  all.reached(start + 5s);
  all.add_unreached(start + 6s, errc::unavailable, 1);
  const auto result = all.finish();
  BOOST_REQUIRE_EQUAL(result.outages.size(), 2U);
  BOOST_TEST(result.outages[0].from == 2);
  BOOST_TEST(result.outages[0].to.value() == 4);
  BOOST_TEST(result.outages[0].requests == 6U);
  BOOST_TEST(!result.outages[1].to);
}

BOOST_AUTO_TEST_CASE(describes_the_first_hundred_wrong_answers) {
  collector all{1, 10};
  all.start(start);
  for (int n = 0; n < 200; ++n)
    all.add_violation(start + 1s, "wrong " + std::to_string(n));
  const auto result = all.finish();
  BOOST_REQUIRE_EQUAL(result.violations.size(), 100U);
  BOOST_TEST(result.violations[99].what == "wrong 99");
  BOOST_TEST(result.violations[99].at == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_search_for_the_limit)

BOOST_AUTO_TEST_CASE(finds_it) {
  for (const double limit : {50.0, 700.0, 4321.0, 9990.0}) {
    limit_search search{10'000};
    while (const auto rate = search.next())
      search.tell(*rate, *rate <= limit);
    BOOST_REQUIRE(search.limit());
    BOOST_TEST(*search.limit() <= limit);
    BOOST_TEST(*search.limit() > limit - 0.04 * limit - 5);
  }
}

BOOST_AUTO_TEST_CASE(takes_no_rate_for_kept_at_which_nothing_was_due) {
  auto how = read_settings({.target = "http://127.0.0.1:1", .op = "get"}).value();
  how.goal = latency_goal{"p99=1s", 0.99, 1s};
  collector all{1, 100};
  all.start(steady::now());
  std::vector<done_phase> phases;
  const std::atomic<bool> is_stopped = false;
  const auto carry_out = [&](const rate_plan& plan) {
    auto stats = seen(plan.is_open() ? 0 : 1000, 1000);
    all.add(0, 0, stats, false, steady::now());
  };
  const auto found = find_limit(how, all, is_stopped, carry_out, phases);
  BOOST_TEST(found.probes.size() == limit_search::most_tries);
  BOOST_TEST(!found.limit_rate);
}

BOOST_AUTO_TEST_CASE(ends_where_no_rate_is_kept) {
  limit_search search{10'000};
  unsigned tries = 0;
  while (const auto rate = search.next()) {
    search.tell(*rate, false);
    ++tries;
  }
  BOOST_TEST(tries == limit_search::most_tries);
  BOOST_TEST(!search.limit());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
