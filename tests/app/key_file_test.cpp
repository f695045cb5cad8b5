#include <deja/app/key_file.hpp>
#include <deja/app/key_parts.hpp>

#include "../messages/key_vectors.hpp"
#include "../support/results.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <google/protobuf/util/json_util.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace deja::app {

namespace {

using testing::code_of;
namespace data = boost::unit_test::data;

std::string quoted(const std::string& text) {
  rapidjson::StringBuffer json;
  rapidjson::Writer writer{json};
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {json.GetString(), json.GetSize()};
}

/// The task file that says the same; nothing where a message has no proto3 JSON.
std::optional<std::string> file_of(const catalog_key& key) {
  std::string identifier, interface, inputs = "null";
  const auto print = [](const google::protobuf::Message& message, std::string& to) {
    to.clear();
    return google::protobuf::util::MessageToJsonString(message, &to).ok();
  };
  if (!key.identifier || !key.interface || !print(*key.identifier, identifier) ||
      !print(*key.interface, interface))
    return std::nullopt;
  const auto* given = std::get_if<shared<core::LiteralMap>>(&key.inputs);
  if (given != nullptr && !print(**given, inputs))
    return std::nullopt;
  std::string ignored;
  for (const auto& name : key.ignored_inputs)
    ignored += (ignored.empty() ? "" : ",") + quoted(name);
  return R"({"identifier":)" + identifier + R"(,"interface":)" + interface + R"(,"inputs":)" +
         inputs + R"(,"cache_version":)" + quoted(key.cache_version) +
         R"(,"cache_ignore_input_vars":[)" + ignored + "]}";
}

/// The end of an error's text.
void expect_told(const std::string& text, const std::string& part) {
  const auto key = parse_key_file(text);
  BOOST_REQUIRE_MESSAGE(!key, text << " was read");
  BOOST_TEST(key.error().code == errc::invalid_argument);
  BOOST_TEST(key.error().message.find(part) != std::string::npos, key.error().message);
}

} // namespace

BOOST_AUTO_TEST_SUITE(key_file)

BOOST_DATA_TEST_CASE(gives_the_keys_that_flyte_makes, data::make({"cases.jsonl", "random.jsonl"}),
                     file) {
  std::size_t compared = 0, all = 0;
  for (const auto& [name, asked, key] : testing::read_key_vectors(file)) {
    ++all;
    const auto text = asked && key ? file_of(*asked) : std::nullopt;
    const auto read = text ? parse_key_file(*text) : result<catalog_key>{error{}};
    if (!read)
      continue; // It has no JSON form, or one that is nested too deep.
    const auto parts = take_apart(*read);
    BOOST_REQUIRE_MESSAGE(parts, name);
    BOOST_TEST(parts->key == *key, name);
    ++compared;
  }
  BOOST_TEST_MESSAGE(file << ": " << compared << " of " << all << " compared");
  BOOST_TEST(compared * 2 > all);
}

BOOST_AUTO_TEST_CASE(holds_all_that_a_key_is_made_of) {
  const auto key = parse_key_file(R"({
    "identifier": {"resourceType": "TASK", "name": "t"}, "interface": {"inputs": {}},
    "inputs": {"literals": {"x": {"scalar": {"primitive": {"integer": "1"}}}}},
    "cache_version": "1.\u0030", "cache_ignore_input_vars": ["a", "é"]})");
  BOOST_REQUIRE(key);
  BOOST_TEST(key->identifier->resource_type() == core::TASK);
  BOOST_TEST(key->interface->has_inputs());
  const auto& inputs = *std::get<shared<core::LiteralMap>>(key->inputs);
  BOOST_TEST(inputs.literals().at("x").scalar().primitive().integer() == 1);
  BOOST_TEST(key->cache_version == "1.0");
  BOOST_TEST(key->ignored_inputs == (std::set<std::string>{"a", "é"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_inputs_is_not_one_with_empty_inputs) {
  for (const auto* none : {"{}", R"({"inputs": null})"})
    BOOST_TEST(std::holds_alternative<std::monostate>(parse_key_file(none).value().inputs));
  for (const auto* empty : {R"({"inputs": {}})", R"({"inputs": {"literals": null}})"})
    BOOST_TEST(
        std::holds_alternative<shared<core::LiteralMap>>(parse_key_file(empty).value().inputs));
}

BOOST_AUTO_TEST_CASE(that_is_wrong_is_told_with_the_place) {
  expect_told(R"({"inputs":{"literals":{"my x":{"scalar":{"primitive":{"integer":"1x"}}}}}})",
              R"(inputs.literals["my x"]: (scalar.primitive.integer): invalid value "1x")");
  expect_told(R"({"inputs":{"literals":{"x":{"scalr":{}}}}})", R"(inputs.literals["x"]: scalr)");
  expect_told(R"({"inputs":{"literals":{"x":null}}})", R"(inputs.literals["x"]: an object)");
  expect_told(R"({"inputs":{"literal":{}}})", R"(inputs: "literal" is no member)");
  expect_told(R"({"interface":{"inputs":{"variables":[{"key":1,"kye":2}]}}})", "kye");
  expect_told(R"({"interface":7})", "interface: an object is wanted");
  expect_told(R"({"identifier":{"resourceType":"TSAK"}})", "TSAK");
  expect_told(R"({"cache_version":1})", "cache_version must be a string");
  expect_told(R"({"cache_ignore_input_vars":["a",1]})", "cache_ignore_input_vars[1]");
  expect_told(R"({"cacheVersion":"1"})", R"("cacheVersion" is no member of a task; identifier,)");
  expect_told("{\"inputs\":{\"literals\":{\"x\":{\"hash\":\"\xff\"}}}}", "inputs.literals.x.hash");
}

BOOST_AUTO_TEST_CASE(that_is_not_there_is_told_by_name) {
  const auto key = read_key_file("/nowhere/task.json");
  BOOST_TEST(code_of(key) == errc::not_found);
  BOOST_TEST(key.error().message.find("/nowhere/task.json") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja::app
