#include <deja/messages/key.hpp>

#include "../support/results.hpp"
#include "../support/shared_value.hpp"
#include "key_vectors.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace deja {

namespace {

using testing::code_of;

core::Literal integer(std::int64_t value) {
  core::Literal literal;
  literal.mutable_scalar()->mutable_primitive()->set_integer(value);
  return literal;
}

shared<core::LiteralMap> inputs(std::initializer_list<std::pair<std::string, core::Literal>> all) {
  core::LiteralMap map;
  for (const auto& [name, literal] : all)
    (*map.mutable_literals())[name] = literal;
  return map;
}

// A task with one input, "x" of 1.
catalog_key example() {
  catalog_key key;
  key.identifier.emplace().set_name("t");
  key.cache_version = "1.0";
  testing::change(key.interface, [](auto& interface) {
    auto* variable = interface.mutable_inputs()->add_variables();
    variable->set_key("x");
    variable->mutable_value()->mutable_type()->set_simple(core::INTEGER);
  });
  key.inputs = inputs({{"x", integer(1)}});
  return key;
}

std::string key_of(const catalog_key& key) {
  const auto made = make_key(key);
  BOOST_REQUIRE_MESSAGE(made, made.error().message);
  return *made;
}

std::string problem_of(const catalog_key& key) {
  const auto made = make_key(key);
  BOOST_REQUIRE(code_of(made) == errc::invalid_argument);
  return made.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(key)

BOOST_DATA_TEST_CASE(is_the_one_that_flyte_makes,
                     boost::unit_test::data::make({"cases.jsonl", "random.jsonl"}), file) {
  for (const auto& [name, asked, key] : testing::read_key_vectors(file)) {
    BOOST_TEST_CONTEXT(name) {
      BOOST_REQUIRE_MESSAGE(asked, asked.error().message);
      const auto made = make_key(*asked);
      if (key)
        BOOST_TEST((made ? *made : made.error().message) == *key);
      else
        BOOST_TEST(code_of(made) == errc::invalid_argument);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_maker_makes_the_same_keys_whatever_it_made_before) {
  const auto all = testing::read_key_vectors("random.jsonl");
  key_maker maker;
  for (int round = 0; round < 2; ++round)
    for (const auto& [name, asked, key] : all)
      if (asked)
        BOOST_TEST((maker.make(*asked) == make_key(*asked)), name);
}

BOOST_AUTO_TEST_CASE(does_not_depend_on_the_tasks_version) {
  auto other = example();
  other.identifier->set_version("2");
  BOOST_TEST(key_of(other) == key_of(example()));
}

BOOST_AUTO_TEST_CASE(depends_on_each_part_of_the_identifier) {
  const auto changed = [](auto change) {
    auto other = example();
    change(*other.identifier);
    return key_of(other);
  };
  const auto key = key_of(example());
  BOOST_TEST(changed([](auto& task) { task.set_resource_type(core::TASK); }) != key);
  BOOST_TEST(changed([](auto& task) { task.set_project("p"); }) != key);
  BOOST_TEST(changed([](auto& task) { task.set_domain("d"); }) != key);
  BOOST_TEST(changed([](auto& task) { task.set_name("u"); }) != key);
  BOOST_TEST(changed([](auto& task) { task.set_org("o"); }) != key);
}

BOOST_AUTO_TEST_CASE(ends_in_the_cache_version_as_it_is) {
  auto task = example();
  for (const std::string version : {"", "1.0", "a-b", "é\n"}) {
    task.cache_version = version;
    BOOST_TEST(key_of(task).ends_with("-" + version));
  }
}

BOOST_AUTO_TEST_CASE(depends_on_the_order_of_the_interfaces_variables) {
  auto one = example();
  testing::change(one.interface, [](auto& interface) {
    interface.mutable_inputs()->add_variables()->set_key("y");
  });
  auto other = one;
  testing::change(other.interface, [](auto& interface) {
    interface.mutable_inputs()->mutable_variables()->SwapElements(0, 1);
  });
  BOOST_TEST(key_of(other) != key_of(one));
}

BOOST_AUTO_TEST_CASE(is_the_same_for_empty_and_absent_outputs) {
  auto empty = example();
  testing::change(empty.interface, [](auto& interface) { interface.mutable_outputs(); });
  BOOST_TEST(key_of(empty) == key_of(example()));
}

BOOST_AUTO_TEST_CASE(does_not_depend_on_ignored_inputs) {
  auto one = example();
  one.inputs = inputs({{"x", integer(1)}, {"seed", integer(1)}});
  one.ignored_inputs = {"seed", "one that is not there"};
  auto other = one;
  other.inputs = inputs({{"x", integer(1)}, {"seed", integer(2)}});
  BOOST_TEST(key_of(one) == key_of(example()));
  BOOST_TEST(key_of(other) == key_of(example()));
}

BOOST_AUTO_TEST_CASE(takes_no_inputs_where_the_interface_has_none) {
  auto none = example();
  testing::change(none.interface, [](auto& interface) { interface.clear_inputs(); });
  none.inputs = inputs({});
  auto some = none;
  some.inputs = inputs({{"x", integer(1)}});
  BOOST_TEST(key_of(some) == key_of(none));
  some.inputs = inputs_under{"s3://bucket/run"};
  BOOST_TEST(key_of(some) == key_of(none));
}

BOOST_AUTO_TEST_CASE(takes_inputs_that_the_interface_does_not_list) {
  auto none = example();
  testing::change(none.interface,
                  [](auto& interface) { interface.mutable_inputs()->clear_variables(); });
  none.inputs = inputs({});
  auto some = none;
  some.inputs = inputs({{"x", integer(1)}});
  BOOST_TEST(key_of(some) != key_of(none));
}

BOOST_AUTO_TEST_CASE(of_no_identifier_interface_or_inputs_is_an_error) {
  auto key = example();
  key.identifier.reset();
  BOOST_TEST(problem_of(key) == "cannot make the cache key: no identifier is given");
  key = example();
  key.interface.reset();
  BOOST_TEST(problem_of(key) == "cannot make the cache key: no interface is given");
  key = example();
  key.inputs = std::monostate{};
  BOOST_TEST(problem_of(key) == "cannot make the cache key: no inputs are given");
  key.inputs = shared<core::LiteralMap>{};
  BOOST_TEST(problem_of(key) == "cannot make the cache key: no inputs are given");
  testing::change(key.interface, [](auto& interface) { interface.clear_inputs(); });
  BOOST_TEST(problem_of(key) == "cannot make the cache key: no inputs are given");
}

BOOST_AUTO_TEST_CASE(of_inputs_not_read_yet_is_an_error) {
  auto key = example();
  key.inputs = inputs_under{"s3://bucket/run"};
  BOOST_TEST(problem_of(key) == "cannot make the cache key: the inputs under \"s3://bucket/run\" "
                                "have not been read yet");
}

BOOST_AUTO_TEST_CASE(of_a_value_without_a_hash_is_an_error_with_its_path) {
  auto key = example();
  auto literal = integer(1);
  literal.mutable_scalar()->mutable_primitive()->mutable_datetime()->set_nanos(-1);
  core::Literal list;
  *list.mutable_collection()->add_literals() = integer(1);
  *list.mutable_collection()->add_literals() = literal;
  key.inputs = inputs({{"x", list}});
  BOOST_TEST(problem_of(key) ==
             "cannot make the cache key: inputs.literals[\"x\"].collection.literals[1]"
             ".scalar.primitive.datetime: a timestamp's nanos must be within 0 and 999999999, "
             "not -1");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
