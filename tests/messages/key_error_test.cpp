#include <deja/messages/key.hpp>

#include "../support/results.hpp"
#include "../support/shared_value.hpp"

#include <boost/test/unit_test.hpp>

#include <google/protobuf/arena.h>
#include <google/protobuf/stubs/logging.h>

#include <limits>

namespace deja {

namespace {

using google::protobuf::Arena;
using google::protobuf::Value;
using testing::code_of;

const std::string bad = "a\xff";

catalog_key task() {
  catalog_key key;
  key.identifier.emplace();
  testing::change(key.interface, [](auto& interface) { interface.mutable_inputs(); });
  key.inputs = core::LiteralMap{};
  return key;
}

core::LiteralMap input(const core::Literal& literal) {
  core::LiteralMap inputs;
  (*inputs.mutable_literals())["x"] = literal;
  return inputs;
}

// Of a literal made by `change`, as the input "x".
template <class Change>
core::LiteralMap input_with(const Change& change) {
  core::Literal literal;
  change(literal);
  return input(literal);
}

// Of a task without a key: where the value is that has no hash.
std::string place_of_error(const catalog_key& key) {
  // protobuf has something to say of each text that is not UTF-8.
  auto* const before = google::protobuf::SetLogHandler(nullptr);
  const auto made = make_key(key);
  google::protobuf::SetLogHandler(before);
  BOOST_REQUIRE(code_of(made) == errc::invalid_argument);
  const std::string_view start = "cannot make the cache key: ";
  const auto& why = made.error().message;
  BOOST_REQUIRE(why.starts_with(start));
  BOOST_TEST(why.find(": ", start.size()) + 2 < why.size());
  return why.substr(start.size(), why.find(": ", start.size()) - start.size());
}

std::string place_of_error(core::LiteralMap inputs) {
  auto key = task();
  key.inputs = std::move(inputs);
  return place_of_error(key);
}

std::string place_of_error(const core::Identifier& identifier) {
  auto key = task();
  key.identifier = identifier;
  return place_of_error(key);
}

std::string place_of_error(const core::VariableMap& inputs) {
  auto key = task();
  testing::change(key.interface, [&](auto& interface) { *interface.mutable_inputs() = inputs; });
  return place_of_error(key);
}

core::LiteralMap span(std::int64_t seconds, std::int32_t nanos) {
  return input_with([&](auto& literal) {
    auto* duration = literal.mutable_scalar()->mutable_primitive()->mutable_duration();
    duration->set_seconds(seconds);
    duration->set_nanos(nanos);
  });
}

core::LiteralMap time(std::int64_t seconds, std::int32_t nanos) {
  return input_with([&](auto& literal) {
    auto* timestamp = literal.mutable_scalar()->mutable_primitive()->mutable_datetime();
    timestamp->set_seconds(seconds);
    timestamp->set_nanos(nanos);
  });
}

errc code_with(core::LiteralMap inputs) {
  auto key = task();
  key.inputs = std::move(inputs);
  return code_of(make_key(key));
}

} // namespace

BOOST_AUTO_TEST_SUITE(an_error_of_the_key)

BOOST_AUTO_TEST_CASE(is_a_duration_over_its_limits) {
  const std::string place = "inputs.literals[\"x\"].scalar.primitive.duration";
  constexpr std::int64_t most = 315'576'000'000;
  for (const auto seconds : {most + 1, -most - 1, std::numeric_limits<std::int64_t>::max(),
                             std::numeric_limits<std::int64_t>::min()})
    BOOST_TEST(place_of_error(span(seconds, 0)) == place);
  for (const auto nanos : {1'000'000'000, -1'000'000'000, std::numeric_limits<std::int32_t>::max(),
                           std::numeric_limits<std::int32_t>::min()})
    BOOST_TEST(place_of_error(span(0, nanos)) == place);
  BOOST_TEST(place_of_error(span(1, -1)) == place);
  BOOST_TEST(place_of_error(span(-1, 1)) == place);
  BOOST_TEST(code_with(span(most, 999'999'999)) == errc::ok);
  BOOST_TEST(code_with(span(-most, -999'999'999)) == errc::ok);
}

BOOST_AUTO_TEST_CASE(is_a_timestamp_with_nanos_over_their_limits) {
  const std::string place = "inputs.literals[\"x\"].scalar.primitive.datetime";
  for (const auto nanos : {-1, 1'000'000'000, std::numeric_limits<std::int32_t>::max(),
                           std::numeric_limits<std::int32_t>::min()})
    BOOST_TEST(place_of_error(time(0, nanos)) == place);
  for (const auto seconds :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
    BOOST_TEST(code_with(time(seconds, 999'999'999)) == errc::ok);
}

BOOST_AUTO_TEST_CASE(is_a_time_in_the_interface_out_of_range) {
  core::VariableMap variables;
  variables.add_variables();
  auto* id = variables.add_variables()->mutable_value()->mutable_artifact_partial_id();
  (*id->mutable_partitions()->mutable_value())["p"].mutable_time_value()->set_nanos(-1);
  const std::string place =
      ".variables[1].value.artifact_partial_id.partitions.value[\"p\"].time_value";
  BOOST_TEST(place_of_error(variables) == "interface.inputs" + place);
  auto key = task();
  testing::change(key.interface,
                  [&](auto& interface) { *interface.mutable_outputs() = variables; });
  BOOST_TEST(place_of_error(key) == "interface.outputs" + place);
}

BOOST_AUTO_TEST_CASE(is_a_value_of_no_kind) {
  const std::string place = "inputs.literals[\"x\"].scalar.generic[\"f\"]";
  const auto generic = [](const Value& value) {
    return input_with([&](auto& literal) {
      (*literal.mutable_scalar()->mutable_generic()->mutable_fields())["f"] = value;
    });
  };
  Value value;
  BOOST_TEST(place_of_error(generic(value)) == place);
  value.mutable_list_value()->add_values()->set_bool_value(true);
  value.mutable_list_value()->add_values();
  BOOST_TEST(place_of_error(generic(value)) == place + "[1]");
  value.Clear();
  (*value.mutable_struct_value()->mutable_fields())["g"];
  BOOST_TEST(place_of_error(generic(value)) == place + "[\"g\"]");
}

BOOST_AUTO_TEST_CASE(is_a_text_of_the_task_that_is_not_utf_8) {
  core::Identifier identifier;
  identifier.set_org(bad);
  BOOST_TEST(place_of_error(identifier) == "identifier.org");

  core::VariableMap variables;
  auto* entry = variables.add_variables();
  entry->set_key(bad);
  BOOST_TEST(place_of_error(variables) == "interface.inputs.variables[0].key");
  entry->set_key("k");
  auto* type = entry->mutable_value()->mutable_type();
  type->mutable_enum_type()->add_values("a");
  type->mutable_enum_type()->add_values(bad);
  const std::string place = "interface.inputs.variables[0].value.type";
  BOOST_TEST(place_of_error(variables) == place + ".enum_type.values[1]");
  type->clear_enum_type();
  (*type->mutable_structure()->mutable_dataclass_type())[bad];
  BOOST_TEST(place_of_error(variables) == place + ".structure.dataclass_type");
}

BOOST_AUTO_TEST_CASE(is_a_text_of_the_inputs_that_is_not_utf_8) {
  const std::string place = "inputs.literals[\"x\"]";
  BOOST_TEST(place_of_error(input_with([&](auto& literal) {
               literal.mutable_scalar()->mutable_primitive()->set_string_value(bad);
             })) == place + ".scalar.primitive.string_value");
  BOOST_TEST(place_of_error(input_with([&](auto& literal) { literal.set_hash(bad); })) ==
             place + ".hash");
  BOOST_TEST(place_of_error(input_with([&](auto& literal) {
               (*literal.mutable_metadata())["k"] = bad;
             })) == place + ".metadata[\"k\"]");
  BOOST_TEST(place_of_error(input_with([&](auto& literal) {
               (*literal.mutable_metadata())[bad] = "v";
             })) == place + ".metadata");
  BOOST_TEST(place_of_error(input_with([&](auto& literal) {
               (*literal.mutable_map()->mutable_literals())[bad];
             })) == place + ".map.literals");
  BOOST_TEST(place_of_error(input_with([&](auto& literal) {
               literal.mutable_collection()->add_literals();
               literal.mutable_collection()->add_literals()->set_hash(bad);
             })) == place + ".collection.literals[1].hash");
  BOOST_TEST(place_of_error(input_with([&](auto& literal) {
               auto* fields = literal.mutable_scalar()->mutable_generic()->mutable_fields();
               (*fields)["f"].mutable_list_value()->add_values()->set_string_value(bad);
             })) == place + ".scalar.generic[\"f\"][0]");
  core::LiteralMap inputs;
  (*inputs.mutable_literals())[bad];
  BOOST_TEST(place_of_error(inputs) == "inputs.literals");
}

BOOST_AUTO_TEST_CASE(is_not_what_does_not_go_into_the_key) {
  auto key = task();
  key.identifier->set_version(bad);
  core::LiteralMap inputs;
  (*inputs.mutable_literals())[bad];
  (*inputs.mutable_literals())["y"].set_hash("h");
  (*(*inputs.mutable_literals())["y"].mutable_metadata())["k"] = bad;
  key.inputs = inputs;
  key.ignored_inputs.emplace(bad);
  auto* const before = google::protobuf::SetLogHandler(nullptr);
  const auto made = make_key(key);
  google::protobuf::SetLogHandler(before);
  BOOST_TEST(code_of(made) == errc::ok);
}

BOOST_AUTO_TEST_CASE(is_nesting_over_10000_levels) {
  // The map of inputs, its literals, the literal, its scalar: four levels over the outermost
  // structure. On an arena, because protobuf destroys nested messages recursively.
  constexpr int most = 10'000 - 4;
  const auto code_at = [](int levels) {
    Arena arena;
    auto* inputs = Arena::CreateMessage<core::LiteralMap>(&arena);
    auto* at = (*inputs->mutable_literals())["x"].mutable_scalar()->mutable_generic();
    for (int level = 1; level < levels; ++level)
      at = (*at->mutable_fields())["f"].mutable_struct_value();
    auto key = task();
    key.inputs = std::shared_ptr<const core::LiteralMap>{inputs, [](const auto*) {
                                                         }};
    return code_of(make_key(key));
  };
  BOOST_TEST(code_at(most) == errc::ok);
  BOOST_TEST(code_at(most + 1) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(is_nesting_over_10000_levels_that_a_short_literal_takes) {
  // Each collection is three levels (literal, collection, array), below the map and its literals;
  // the innermost literal is as many as the objects that it is made of.
  constexpr int collections = 3'332;
  const auto code_for = [](const core::Literal& innermost) {
    Arena arena;
    auto* inputs = Arena::CreateMessage<core::LiteralMap>(&arena);
    auto* at = &(*inputs->mutable_literals())["x"];
    for (int level = 0; level < collections; ++level)
      at = at->mutable_collection()->add_literals();
    *at = innermost;
    auto key = task();
    key.inputs = std::shared_ptr<const core::LiteralMap>{inputs, [](const auto*) {
                                                         }};
    return code_of(make_key(key));
  };
  core::Literal literal;
  literal.set_hash("h");
  BOOST_TEST(code_for(literal) == errc::ok);
  literal.clear_hash();
  literal.mutable_scalar();
  BOOST_TEST(code_for(literal) == errc::ok);
  literal.mutable_scalar()->mutable_none_type();
  BOOST_TEST(code_for(literal) == errc::invalid_argument);
  literal.mutable_scalar()->mutable_primitive()->set_integer(1);
  BOOST_TEST(code_for(literal) == errc::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
