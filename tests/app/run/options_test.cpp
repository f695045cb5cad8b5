#include <deja/app/run/environment.hpp>
#include <deja/app/run/held_keys.hpp>
#include <deja/app/run/options.hpp>
#include <deja/app/run/platform.hpp>
#include <deja/app/run/report.hpp>

#include <boost/test/unit_test.hpp>

#include <iostream>
#include <sstream>

using namespace deja;
using namespace deja::run;
using namespace std::chrono_literals;

namespace {

std::variant<options, int> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "run");
  std::vector<char*> list;
  for (auto& word : words)
    list.push_back(word.data());
  // What is said of wrong usage is none of the test's output.
  std::ostringstream said;
  auto* before = std::cerr.rdbuf(said.rdbuf());
  auto parsed = parse_options(static_cast<int>(list.size()), list.data());
  std::cerr.rdbuf(before);
  return parsed;
}

options good(const std::vector<std::string>& words) {
  auto parsed = parse(words);
  BOOST_REQUIRE(std::holds_alternative<options>(parsed));
  return std::get<options>(parsed);
}

int status(const std::vector<std::string>& words) {
  auto parsed = parse(words);
  BOOST_REQUIRE(std::holds_alternative<int>(parsed));
  return std::get<int>(parsed);
}

using words = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(options_suite)

BOOST_AUTO_TEST_CASE(options_end_at_the_first_two_dashes) {
  const auto asked = good({"-i", "a", "-i", "b", "-o", "c", "--", "tool", "-i", "--", "x"});
  BOOST_TEST(asked.inputs == (words{"a", "b"}), boost::test_tools::per_element());
  BOOST_TEST(asked.outputs == (words{"c"}), boost::test_tools::per_element());
  BOOST_TEST(asked.command == (words{"tool", "-i", "--", "x"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_dashes_the_first_other_word_is_the_command) {
  const auto asked = good({"--refresh", "-i", "a", "--name=n", "tool", "--refresh", "--", "x"});
  BOOST_TEST(asked.refresh);
  BOOST_TEST(asked.name == "n");
  BOOST_TEST(asked.command == (words{"tool", "--refresh", "--", "x"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(wrong_usage_ends_with_125) {
  for (const auto& wrong : std::vector<words>{{},
                                              {"--"},
                                              {"--no-such-flag", "--", "x"},
                                              {"--verify", "--refresh", "--", "x"},
                                              {"--depfile"},
                                              {"-i"},
                                              {"--max-age", "soon", "--", "x"},
                                              {"--max-age", "0s", "--", "x"},
                                              {"--wait-timeout", "1", "--", "x"},
                                              {"-e", "A=1", "--", "x"},
                                              {"--pass", "", "--", "x"},
                                              {"--cache-version", "\xff", "--", "x"},
                                              {"--cache-version", std::string(513, 'v'), "--", "x"},
                                              {"--server", "http://h", "--data", "d", "--", "x"}})
    BOOST_TEST(status(wrong) == own_failure);
}

BOOST_AUTO_TEST_CASE(what_is_verified_may_be_of_any_age) {
  BOOST_TEST((good({"--max-age", "1h", "--", "x"}).max_age == std::chrono::hours{1}));
  BOOST_TEST((good({"--verify", "--max-age", "1h", "--", "x"}).max_age == duration::zero()));
}

BOOST_AUTO_TEST_CASE(help_is_no_failure) {
  std::ostringstream said;
  auto* before = std::cout.rdbuf(said.rdbuf());
  const int ended = status({"--help"});
  std::cout.rdbuf(before);
  BOOST_TEST(ended == 0);
  BOOST_TEST(said.str().find("--require-cache") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(durations_are_read) {
  const auto asked = good({"--max-age", "1.5h", "--wait-timeout", "0s", "x"});
  BOOST_TEST((asked.max_age == 90min));
  BOOST_TEST((asked.wait_timeout == duration{}));
}

BOOST_AUTO_TEST_CASE(the_command_sees_what_is_keyed_or_passed_and_little_else) {
  const variables all{{"PATH", "/bin"}, {"LC_ALL", "C"}, {"HOME", "/h"}, {"DEJA_X", "1"},
                      {"MINE", "1"},    {"YOURS", "2"},  {"OTHER", "3"}, {"LD_PRELOAD", "x"}};
  const auto seen = visible_variables(all, {"MINE", "UNSET"}, {"YOURS", "UNSET2"});
  BOOST_TEST((seen == variables{{"PATH", "/bin"},
                                {"LC_ALL", "C"},
                                {"HOME", "/h"},
                                {"DEJA_X", "1"},
                                {"MINE", "1"},
                                {"YOURS", "2"}}));
}

BOOST_AUTO_TEST_CASE(keys_held_above_are_recognised) {
  variables seen;
  BOOST_TEST(!is_held_above(seen, "one"));
  add_held(seen, "one");
  add_held(seen, "two with: odd letters");
  BOOST_TEST(is_held_above(seen, "one"));
  BOOST_TEST(is_held_above(seen, "two with: odd letters"));
  BOOST_TEST(!is_held_above(seen, "three"));
}

BOOST_AUTO_TEST_CASE(a_distribution_is_read_from_os_release) {
  BOOST_TEST(distribution_of("NAME=x\nID=debian\nVERSION_ID=\"12\"\n") == "debian 12");
  BOOST_TEST(distribution_of("ID_LIKE=x\nID='arch'") == "arch ?");
  BOOST_TEST(distribution_of("") == "? ?");
}

BOOST_AUTO_TEST_CASE(a_report_is_one_line_of_json) {
  const run_report line{.key = "a\"b\\c",
                        .outcome = outcome::hit,
                        .took = 12ms,
                        .saved = 2s,
                        .bytes = 5,
                        .status = 0};
  BOOST_TEST(to_json(line) == "{\"key\":\"a\\\"b\\\\c\",\"outcome\":\"hit\",\"seconds\":0.012000,"
                              "\"seconds_saved\":2.000000,\"bytes\":5,\"status\":0}\n");
}

BOOST_AUTO_TEST_CASE(a_report_says_what_was_verified) {
  run_report line;
  line.outcome = outcome::hit;
  line.verified = verification::different;
  BOOST_TEST(to_json(line).find("\"outcome\":\"different\"") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
