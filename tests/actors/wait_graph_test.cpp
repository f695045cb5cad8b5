#include <deja/actors/wait_graph.hpp>

#include <boost/test/unit_test.hpp>

#include <random>

namespace {

using namespace deja;

digest task(unsigned char number) {
  digest key{};
  key.front() = number;
  return key;
}

const digest a = task('a'), b = task('b'), c = task('c'), d = task('d');

} // namespace

BOOST_AUTO_TEST_SUITE(wait_graphs)

BOOST_AUTO_TEST_CASE(where_nothing_waits_there_is_no_cycle) {
  const wait_graph graph;
  BOOST_TEST(!graph.closes_cycle({}, a));
  BOOST_TEST(!graph.closes_cycle({a}, b));
  BOOST_TEST(!graph.closes_cycle({a, b}, c));
}

BOOST_AUTO_TEST_CASE(what_waits_for_itself_is_a_cycle) {
  const wait_graph graph;
  BOOST_TEST(graph.closes_cycle({a}, a));
  BOOST_TEST(graph.closes_cycle({a, b}, a));
  BOOST_TEST(graph.closes_cycle({a, b}, b));
}

BOOST_AUTO_TEST_CASE(two_that_wait_for_each_other_are_a_cycle) {
  wait_graph graph;
  graph.begin(1, {a}, b);
  BOOST_TEST(graph.closes_cycle({b}, a));
  BOOST_TEST(!graph.closes_cycle({a}, b)); // once more the same
  BOOST_TEST(!graph.closes_cycle({c}, a));
  BOOST_TEST(!graph.closes_cycle({}, a));
}

BOOST_AUTO_TEST_CASE(a_cycle_may_be_long) {
  wait_graph graph;
  graph.begin(1, {a}, b);
  graph.begin(2, {c}, d);
  BOOST_TEST(!graph.closes_cycle({d}, a));
  graph.begin(3, {b}, c);
  BOOST_TEST(graph.closes_cycle({d}, a));
  BOOST_TEST(!graph.closes_cycle({a}, d));
}

BOOST_AUTO_TEST_CASE(a_task_may_have_several_parts_and_be_a_part_of_several) {
  wait_graph graph;
  graph.begin(1, {a}, c);
  graph.begin(2, {a}, d);
  graph.begin(3, {b}, c);
  BOOST_TEST(graph.closes_cycle({c}, a));
  BOOST_TEST(graph.closes_cycle({d}, a));
  BOOST_TEST(graph.closes_cycle({c}, b));
  BOOST_TEST(!graph.closes_cycle({d}, b));
}

BOOST_AUTO_TEST_CASE(all_that_a_part_is_part_of_wait_for_its_own_parts) {
  wait_graph graph;
  graph.begin(1, {a, b}, c);
  BOOST_TEST(graph.closes_cycle({c}, a));
  BOOST_TEST(graph.closes_cycle({c}, b));
  BOOST_TEST(graph.closes_cycle({d, c}, a));
}

BOOST_AUTO_TEST_CASE(a_call_that_has_ended_waits_no_longer) {
  wait_graph graph;
  graph.begin(1, {a}, b);
  graph.begin(2, {a}, b);
  graph.end(1);
  graph.end(1);
  BOOST_TEST(graph.closes_cycle({b}, a)); // by the other
  graph.end(2);
  graph.end(3);
  BOOST_TEST(!graph.closes_cycle({b}, a));
}

BOOST_AUTO_TEST_CASE(a_call_waits_for_one_task_at_a_time) {
  wait_graph graph;
  graph.begin(1, {a}, b);
  graph.begin(1, {a}, c);
  BOOST_TEST(!graph.closes_cycle({b}, a));
  BOOST_TEST(graph.closes_cycle({c}, a));
}

// Against what follows from the meaning: one key reaches another where a call leads there, or where
// what it leads to reaches it.
BOOST_AUTO_TEST_CASE(random_calls_close_the_cycles_that_all_ways_together_tell_of) {
  constexpr std::size_t tasks = 8;
  std::mt19937 random{1};
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>{0, end - 1}(random);
  };
  wait_graph graph;
  std::map<std::uint64_t, std::vector<std::size_t>> calls; // the callers, and then the key
  int cycles = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::array<std::array<bool, tasks>, tasks> reaches{};
    for (std::size_t one = 0; one < tasks; ++one)
      reaches[one][one] = true;
    for (const auto& [id, chain] : calls)
      for (std::size_t at = 1; at < chain.size(); ++at)
        reaches[chain[at - 1]][chain[at]] = true;
    for (std::size_t by = 0; by < tasks; ++by)
      for (auto& from : reaches)
        for (std::size_t to = 0; to < tasks; ++to)
          from[to] = from[to] || (from[by] && reaches[by][to]);

    std::vector<std::size_t> chain(below(4));
    std::ranges::generate(chain, [&] { return below(tasks); });
    std::vector<digest> callers;
    for (const auto one : chain)
      callers.push_back(task(static_cast<unsigned char>(one)));
    const auto last = below(tasks);
    const auto key = task(static_cast<unsigned char>(last));
    const bool is_cycle =
        std::ranges::any_of(chain, [&](std::size_t caller) { return reaches[last][caller]; });
    BOOST_REQUIRE_EQUAL(graph.closes_cycle(callers, key), is_cycle);
    cycles += is_cycle;

    const std::uint64_t call = below(6); // few enough for both answers to be frequent
    calls.erase(call);
    graph.end(call);
    if (below(3) > 0) { // closes cycles too, which the graph does not forbid
      chain.push_back(last);
      calls.emplace(call, std::move(chain));
      graph.begin(call, callers, key);
    }
  }
  BOOST_TEST(cycles > 2'000);
  BOOST_TEST(cycles < 18'000);
}

BOOST_AUTO_TEST_SUITE_END()
