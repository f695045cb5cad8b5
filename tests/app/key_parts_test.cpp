#include <deja/app/key_file.hpp>
#include <deja/app/key_text.hpp>
#include <deja/messages/key.hpp>

#include "../support/results.hpp"
#include "../support/shared_value.hpp"

#include <boost/test/unit_test.hpp>

namespace deja::app {

inline std::ostream& boost_test_print_type(std::ostream& out, const key_difference& one) {
  return out << one.part << '/' << one.name << '/' << one.how;
}

namespace {

/// A task with an input of each kind, which cases change.
catalog_key task() {
  return parse_key_file(R"({
    "identifier": {"resourceType": "TASK", "project": "p", "domain": "d", "name": "train", "version": "v7"},
    "interface": {
      "inputs": {"variables": [{"key": "x", "value": {"type": {"simple": "INTEGER"}}},
                               {"key": "y", "value": {"type": {"simple": "STRING"}}}]},
      "outputs": {"variables": [{"key": "o", "value": {"type": {"simple": "FLOAT"}}}]}},
    "inputs": {"literals": {"x": {"scalar": {"primitive": {"integer": "1"}}},
                            "y": {"hash": "abc", "scalar": {"primitive": {"stringValue": "s"}}},
                            "z": {"scalar": {"primitive": {"boolean": true}}}}},
    "cache_version": "1.0", "cache_ignore_input_vars": ["z"]})")
      .value();
}

core::LiteralMap inputs_of(const catalog_key& key) {
  return *std::get<shared<core::LiteralMap>>(key.inputs);
}

void set_input(catalog_key& key, const std::string& name, std::int64_t value) {
  auto inputs = inputs_of(key);
  auto& literal = (*inputs.mutable_literals())[name];
  literal.mutable_scalar()->mutable_primitive()->set_integer(value);
  key.inputs = shared<core::LiteralMap>{std::move(inputs)};
}

std::vector<key_difference> told(const catalog_key& left, const catalog_key& right) {
  const auto one = take_apart(left), other = take_apart(right);
  BOOST_REQUIRE((one && other));
  auto differences = compare(*one, *other, "A", "B");
  BOOST_TEST(differences.empty() == (one->key == other->key));
  return differences;
}

void expect(const std::vector<key_difference>& found, const std::vector<key_difference>& wanted) {
  BOOST_TEST(found == wanted, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(key_parts_suite)

BOOST_AUTO_TEST_CASE(the_parts_make_the_key) {
  const auto parts = take_apart(task()).value();
  BOOST_TEST(parts.key == make_key(task()).value());
  BOOST_TEST(parts.identifier + '-' + parts.taken + '-' + parts.given + '-' + parts.inputs + '-' +
                 parts.cache_version ==
             parts.key);
  BOOST_TEST(parts.cache_version == "1.0");
}

BOOST_AUTO_TEST_CASE(each_input_says_how_it_counts) {
  auto key = task();
  const auto parts = take_apart(key).value();
  BOOST_REQUIRE(parts.input_values.size() == 3u);
  BOOST_TEST((parts.input_values[0].use == input_use::value));
  BOOST_TEST((parts.input_values[1].use == input_use::hash));
  BOOST_TEST((parts.input_values[2].use == input_use::ignored));
  testing::change(key.interface, [](auto& interface) { interface.clear_inputs(); });
  for (const auto& input : take_apart(key).value().input_values)
    BOOST_TEST((input.use == input_use::unknown));
}

BOOST_AUTO_TEST_CASE(the_only_input_has_the_hash_of_all) {
  auto key = task();
  auto inputs = inputs_of(key);
  inputs.mutable_literals()->erase("y");
  key.inputs = shared<core::LiteralMap>{std::move(inputs)};
  const auto parts = take_apart(key).value();
  BOOST_TEST(parts.input_values.front().hash == parts.inputs);
}

BOOST_AUTO_TEST_CASE(what_can_be_no_key_is_an_error) {
  BOOST_TEST(testing::code_of(take_apart({})) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(equal_tasks_do_not_differ) {
  expect(told(task(), task()), {});
}

BOOST_AUTO_TEST_CASE(what_is_not_in_the_key_makes_no_difference) {
  auto other = task();
  other.identifier->set_version("v8");
  set_input(other, "z", 9);
  expect(told(task(), other), {});
}

BOOST_AUTO_TEST_CASE(what_differs_is_named) {
  auto other = task();
  other.identifier->set_name("test");
  other.cache_version = "1.1";
  set_input(other, "x", 2);
  set_input(other, "more", 1);
  testing::change(other.interface, [](auto& interface) {
    auto& variables = *interface.mutable_inputs()->mutable_variables();
    variables[1].mutable_value()->mutable_type()->set_simple(core::FLOAT);
    variables.Add()->set_key("more");
    interface.clear_outputs();
  });
  expect(told(task(), other), {{"identifier", "name", "differs"},
                               {"interface inputs", "y", "differs"},
                               {"interface inputs", "more", "only in B"},
                               {"interface outputs", "o", "only in A"},
                               {"inputs", "x", "differs"},
                               {"inputs", "more", "only in B"},
                               {"cache version", "", "differs"}});
}

BOOST_AUTO_TEST_CASE(the_order_of_variables_is_a_difference) {
  auto other = task();
  testing::change(other.interface, [](auto& interface) {
    interface.mutable_inputs()->mutable_variables()->SwapElements(0, 1);
  });
  expect(told(task(), other), {{"interface inputs", "", "the variables' order differs"}});
}

BOOST_AUTO_TEST_CASE(an_input_that_only_one_ignores_is_told) {
  auto other = task();
  other.ignored_inputs.clear();
  expect(told(task(), other), {{"inputs", "z", "ignored in A"}});
  expect(told(other, task()), {{"inputs", "z", "ignored in B"}});
  other = task();
  testing::change(other.interface, [](auto& interface) { interface.clear_inputs(); });
  expect(told(task(), other), {{"interface inputs", "x", "only in A"},
                               {"interface inputs", "y", "only in A"},
                               {"inputs", "x", "not taken by the interface in B"},
                               {"inputs", "y", "not taken by the interface in B"}});
}

BOOST_AUTO_TEST_CASE(a_table_shows_what_went_into_each_part) {
  auto key = task();
  set_input(key, "odd \"name\"\n", 1);
  const auto text = to_text(take_apart(key).value());
  for (const auto* part :
       {"\n  resource_type    ", "TASK\n", "  version ", "v7  (not in the key)\n",
        "\ninterface inputs ", "\ncache version", "stands for it)\n",
        "ignored by cache_ignore_input_vars\n", "\n  \"odd \\\"name\\\"\\n\" "})
    BOOST_TEST(text.find(part) != std::string::npos, part << " is not in\n" << text);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja::app
