#include "../../support/results.hpp"

#include <deja/app/load/options.hpp>
#include <deja/app/load/scenario.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace app::load;

std::string refusal(load_options asked) {
  if (asked.target.empty())
    asked.target = "http://127.0.0.1:8094";
  const auto read = read_settings(asked);
  if (read)
    return "none";
  BOOST_TEST((read.error().code == errc::invalid_argument));
  return read.error().message;
}

settings accepted(load_options asked) {
  asked.target = "http://127.0.0.1:8094";
  return read_settings(asked).value();
}

bool has(const std::string& text, std::initializer_list<const char*> parts) {
  for (const auto* part : parts)
    if (text.find(part) == text.npos)
      return false;
  return true;
}

BOOST_AUTO_TEST_SUITE(options_of_load)

BOOST_AUTO_TEST_CASE(have_defaults) {
  const auto usual = accepted({});
  BOOST_TEST(usual.mix_text == "get");
  BOOST_TEST(usual.connections == 16U);
  BOOST_TEST((usual.phases == std::vector<phase>{{10, 0, 0}}));
  BOOST_TEST((accepted({.op = "mix"}).mix[0] == 80));
}

BOOST_AUTO_TEST_CASE(say_a_rate_or_as_fast_as_possible) {
  BOOST_TEST((accepted({.rate = "500"}).phases == std::vector<phase>{{10, 500, 500}}));
  BOOST_TEST((accepted({.duration = "2s", .rate = "max"}).phases == std::vector<phase>{{2, 0, 0}}));
  BOOST_TEST((accepted({.steps = "10:1s,20:1s"}).phases.size() == 2));
}

BOOST_AUTO_TEST_CASE(name_the_flag_the_value_and_the_limit) {
  const auto check = [](const load_options& asked, std::initializer_list<const char*> parts) {
    const auto why = refusal(asked);
    BOOST_TEST(has(why, parts), why);
    BOOST_TEST(why.find('\n') == why.npos, why);
  };
  check({.connections = "0"}, {"--connections", "\"0\"", "1 to 10000"});
  check({.connections = "many"}, {"--connections", "\"many\""});
  check({.threads = "5000"}, {"--threads", "256"});
  check({.connections = "2", .threads = "3"}, {"--threads is 3", "--connections (2)"});
  check({.batch = "1025"}, {"--batch", "1024"});
  check({.encoding = "xml"}, {"--encoding", "\"xml\"", "proto or json"});
  check({.duration = "0s"}, {"--duration", "1ms to 30d"});
  check({.duration = "soon"}, {"--duration", "\"soon\""});
  check({.rate = "-5"}, {"--rate", "\"-5\"", "max"});
  check({.timeout = "16s"}, {"--timeout", "15s"});
  check({.keys = "0"}, {"--keys", "10000000"});
  check({.distribution = "normal"}, {"--distribution", "\"normal\"", "zipf"});
  check({.value_size = "big"}, {"--value-size", "\"big\"", "lognormal"});
  check({.seed = "x"}, {"--seed", "\"x\""});
  check({.op = "got"}, {"--op", "\"got\"", "memoize"});
  check({.mix = "get=90,pet=10"}, {"--mix", "\"pet=10\""});
  check({.mix = "get=0"}, {"--mix", "above 0"});
  check({.mix = "get=-1"}, {"--mix", "\"get=-1\""});
  check({.mix = "get=1,get=2"}, {"--mix", "twice"});
  check({.mix = "fill=1"}, {"--mix", "\"fill=1\""});
  check({.arrivals = "late"}, {"--arrivals", "poisson or fixed"});
  check({.steps = "10"}, {"--steps", "RATE:DURATION"});
  check({.ramp = "10:1s"}, {"--ramp", "RATE:RATE:DURATION"});
  check({.goal = "p99=20ms"}, {"--goal", "--find-limit"});
  check({.find_limit = true}, {"--find-limit", "--goal"});
  check({.goal = "fast", .find_limit = true}, {"--goal", "\"fast\"", "p99=20ms"});
  check({.target = "ftp://x"}, {"--target", "ftp://x"});
}

BOOST_AUTO_TEST_CASE(that_contradict_each_other_are_refused) {
  BOOST_TEST(has(refusal({.rate = "5", .steps = "5:1s"}), {"--rate", "--steps"}));
  BOOST_TEST(has(refusal({.duration = "5s", .ramp = "5:9:1s"}), {"--duration", "--ramp"}));
  BOOST_TEST(has(refusal({.rate = "5", .goal = "p99=1s", .find_limit = true}),
                 {"--find-limit", "--rate"}));
  BOOST_TEST(has(refusal({.op = "get", .mix = "put=1"}), {"--op", "\"get\"", "--mix"}));
  BOOST_TEST(has(refusal({.op = "overwrite", .connections = "16", .batch = "2", .keys = "31"}),
                 {"--keys is 31", "32"}));
  BOOST_TEST(has(refusal({.mix = "get=1,async=1"}), {"--mix", "async"}));
  BOOST_TEST(has(refusal({.mix = "upload=1"}), {"--mix", "\"upload=1\""}));
  BOOST_TEST(has(refusal({.op = "wait", .batch = "2"}), {"--batch is 2", "wait"}));
}

BOOST_AUTO_TEST_CASE(that_are_missing_ask_for_the_target) {
  const auto read = read_settings({});
  BOOST_REQUIRE(!read);
  BOOST_TEST(has(read.error().message, {"--target"}));
}

BOOST_AUTO_TEST_CASE(say_what_the_goal_is) {
  const auto goal = parse_goal("p99.9=20ms").value();
  BOOST_TEST(goal.share == 0.999, boost::test_tools::tolerance(1e-9));
  BOOST_TEST((goal.latency == std::chrono::milliseconds{20}));
  for (const auto* bad : {"99=20ms", "p0=1s", "p101=1s", "p99", "p99=", "p99=0s", "px=1s"})
    BOOST_TEST(!parse_goal(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_scenario)

BOOST_AUTO_TEST_CASE(has_the_flags_as_fields) {
  const auto read = parse_scenario("mix: {get: 90, put: 10}\nconnections: 64\nno-fill: true\n"
                                   "value-size: fixed:100\n",
                                   "mine")
                        .value();
  BOOST_TEST(read.mix == "get=90,put=10");
  BOOST_TEST(read.connections == "64");
  BOOST_TEST(read.value_size == "fixed:100");
  BOOST_TEST(read.no_fill);
  BOOST_TEST(read.name == "mine");
}

BOOST_AUTO_TEST_CASE(gives_way_to_flags) {
  const auto both = merged({.connections = "5"}, {.connections = "64", .batch = "3"});
  BOOST_TEST(both.connections == "5");
  BOOST_TEST(both.batch == "3");
  // Also where it is by another field that the same is said.
  const load_options steady{.mix = "get=1", .duration = "1m", .rate = "100"};
  BOOST_TEST(refusal(merged({.op = "put", .steps = "1:1s"}, steady)) == "none");
  BOOST_TEST(refusal(merged({.goal = "p99=1s", .find_limit = true}, steady)) == "none");
  BOOST_TEST(refusal(merged({.rate = "5"}, {.goal = "p99=1s", .find_limit = true})) == "none");
}

BOOST_AUTO_TEST_CASE(with_a_field_that_is_unknown_is_refused_by_name) {
  for (const auto& [text, part] : {std::pair{"conections: 64", "\"conections\""},
                                   {"connections: [1, 2]", "connections"},
                                   {"no-fill: maybe", "no-fill"},
                                   {"- a list", "map"},
                                   {"a: b: c", "line 1"},
                                   {"", "map"}}) {
    const auto read = parse_scenario(text, "x");
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().code == errc::invalid_argument));
    BOOST_TEST(has(read.error().message, {part}), read.error().message);
  }
}

BOOST_AUTO_TEST_CASE(that_is_built_in_is_valid) {
  for (const auto* name : {"correct", "limit", "workflow"}) {
    auto read = read_scenario(name).value();
    read.target = "http://127.0.0.1:8094";
    BOOST_TEST(read_settings(read).has_value(), name);
    BOOST_TEST(has(scenario_list(), {name}));
  }
  BOOST_TEST(!read_scenario("/no/such/file"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
