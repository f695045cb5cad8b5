#include <deja/app/json_members.hpp>

#include "../support/results.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace deja::app {

namespace {

using testing::code_of;
namespace data = boost::unit_test::data;

std::string told(std::string_view text) {
  const auto members = split_json_object(text);
  BOOST_REQUIRE_MESSAGE(!members, text << " was read");
  BOOST_TEST(members.error().code == errc::invalid_argument);
  return members.error().message;
}

std::string nested(std::size_t depth) {
  return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(json_members)

BOOST_AUTO_TEST_CASE(are_the_texts_of_the_values) {
  const auto members = split_json_object(
      " { \"a\" :\t1.50e+1 , \"b\": {\"c\": [1, {\"d\": null}] } ,\n\"e\":[ ],\"f\":\"\\u00e9}\","
      "\"g\":true, \"h\": null }\n");
  BOOST_REQUIRE(members);
  BOOST_TEST(
      (*members == std::map<std::string, std::string_view>{{"a", "1.50e+1"},
                                                           {"b", "{\"c\": [1, {\"d\": null}] }"},
                                                           {"e", "[ ]"},
                                                           {"f", "\"\\u00e9}\""},
                                                           {"g", "true"},
                                                           {"h", "null"}}));
  BOOST_TEST(split_json_object("{}").value().empty());
}

BOOST_DATA_TEST_CASE(are_only_those_of_an_object_in_json_by_the_letter,
                     data::make({"", "[]", "1", "null", "{", "{}}", "{} x", "{'a':1}", "{a:1}",
                                 "{\"a\":1,}", "{\"a\":[1,]}", "{\"a\":NaN}", "{\"a\":01}",
                                 "{\"a\":\"\n\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\xff\"}",
                                 "{\"\xff\":1}", "/**/{}"}),
                     text) {
  BOOST_TEST(code_of(split_json_object(text)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(that_are_wrong_are_named_with_their_place) {
  BOOST_TEST(told("{\"a\": {\n \"b c\": [1, {\"d\": \"\xff\"}]}}") ==
             "line 2, column 20, in a[\"b c\"][1].d: Invalid encoding in string.");
  BOOST_TEST(told(R"({"a":{"b":1,"b":2}})") ==
             "line 1, column 16, in a.b: the object has this name twice");
  BOOST_TEST(told("{\"a\":1,\n\"a\":2}") ==
             "line 2, column 4, in a: the object has this name twice");
  BOOST_TEST(told("[1]") == "line 1, column 1: an object is wanted");
  using namespace std::string_literals;
  BOOST_TEST(told("{}\0"s) == "line 1, column 3: a zero byte");
}

BOOST_AUTO_TEST_CASE(may_hold_others_to_a_depth) {
  BOOST_TEST(code_of(split_json_object(nested(100))) == errc::ok);
  BOOST_TEST(told(nested(101)).find("more than 100 objects and arrays") != std::string::npos);
  BOOST_TEST(told(nested(1'000'000)).size() < 400u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja::app
