#include <deja/app/key_line.hpp>

#include "../support/results.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace deja::app {

namespace {

using testing::code_of;
namespace data = boost::unit_test::data;

// The identifier named "t", an interface with an empty `inputs` message, an input "x" of 1.
constexpr auto identifier = R"("identifier":"IgF0")";
constexpr auto interface = R"("interface":"CgA=")";
constexpr auto inputs = R"("inputs":"CgsKAXgSBgoECgIIAQ==")";

std::string line_of(std::initializer_list<std::string> members) {
  std::string line;
  for (const auto& member : members)
    line += (line.empty() ? "{" : ",") + member;
  return line + "}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(key_line)

BOOST_AUTO_TEST_CASE(holds_the_messages_the_version_and_the_ignored_inputs) {
  const auto key = parse_key_line(
      line_of({identifier, interface, inputs, R"("cache_ignore_input_vars":["a","é"])",
               R"("cache_version":"1.0")"}));
  BOOST_REQUIRE(key);
  BOOST_TEST(key->identifier->name() == "t");
  BOOST_TEST(key->interface->has_inputs());
  const auto* given = std::get_if<shared<core::LiteralMap>>(&key->inputs);
  BOOST_REQUIRE(given);
  BOOST_TEST((*given)->literals().at("x").scalar().primitive().integer() == 1);
  BOOST_TEST(key->ignored_inputs == (std::set<std::string>{"a", "é"}),
             boost::test_tools::per_element());
  BOOST_TEST(key->cache_version == "1.0");
}

BOOST_AUTO_TEST_CASE(without_inputs_is_not_one_with_empty_inputs) {
  const auto null = parse_key_line(line_of({identifier, interface, R"("inputs":null)"}));
  BOOST_REQUIRE(null);
  BOOST_TEST(std::holds_alternative<std::monostate>(null->inputs));
  const auto absent = parse_key_line(line_of({identifier, interface}));
  BOOST_REQUIRE(absent);
  BOOST_TEST(std::holds_alternative<std::monostate>(absent->inputs));
  const auto empty = parse_key_line(line_of({identifier, interface, R"("inputs":"")"}));
  BOOST_REQUIRE(empty);
  BOOST_TEST(std::holds_alternative<shared<core::LiteralMap>>(empty->inputs));
}

BOOST_AUTO_TEST_CASE(passes_over_members_it_does_not_know) {
  BOOST_TEST(code_of(parse_key_line(R"({"name":"a case","key":"k","error":true,"more":[{}]})")) ==
             errc::ok);
}

BOOST_DATA_TEST_CASE(that_cannot_be_read_is_an_error,
                     data::make({
                         "",
                         " ",
                         "{",
                         "{}}",
                         "[]",
                         "null",
                         "\"text\"",
                         R"({"cache_version":"1.0",})",
                         R"({"identifier":1})",
                         R"({"identifier":"IgF0 "})",
                         R"({"identifier":"IgF"})",
                         R"({"inputs":{}})",
                         R"({"interface":"/w=="})",
                         R"({"cache_ignore_input_vars":"x"})",
                         R"({"cache_ignore_input_vars":[1]})",
                         R"({"cache_version":1})",
                         R"({"cache_version":"\ud800"})",
                         "{\"cache_version\":\"\xff\"}",
                     }),
                     line) {
  BOOST_TEST(code_of(parse_key_line(line)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(with_a_zero_byte_is_an_error) {
  using namespace std::string_literals;
  BOOST_TEST(code_of(parse_key_line("{}\0{}"s)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(of_any_nesting_is_read) {
  const std::string open(1'000'000, '[');
  BOOST_TEST(code_of(parse_key_line(open)) == errc::invalid_argument);
  BOOST_TEST(code_of(parse_key_line(R"({"more":)" + open + std::string(open.size(), ']') + "}")) ==
             errc::ok);
}

BOOST_AUTO_TEST_CASE(is_answered_with_its_key) {
  BOOST_TEST(answer_key_line(line_of(
                 {identifier, R"("interface":"")", inputs, R"("cache_version":"v\n\"")"})) ==
             R"({"key":"KShIiUAYyUcHMqHdxD696OOu1DrcjZbTaZj3dNJN9Es=-GKw-c0Pw-GKw-c0Pw-)"
             R"(GKw-c0PwFokMUQ6T-TUmEWnZ4_VlQ2Qpgw-vCTT0-OQ-v\n\""})");
}

BOOST_AUTO_TEST_CASE(is_answered_with_what_is_wrong) {
  BOOST_TEST(answer_key_line("nonsense") == R"({"error":"cannot read the line: byte 2: )"
                                            R"(Invalid value.","code":"invalid_argument"})");
  BOOST_TEST(answer_key_line("{}") ==
             R"({"error":"cannot make the cache key: no identifier is given",)"
             R"("code":"invalid_argument"})");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja::app
