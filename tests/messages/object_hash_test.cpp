#include <deja/messages/object_hash.hpp>

#include "../support/results.hpp"
#include "json_hash.hpp"

#include <flyteidl2/core/catalog.pb.h>
#include <flyteidl2/core/identifier.pb.h>
#include <flyteidl2/core/interface.pb.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <google/protobuf/arena.h>

#include <limits>

namespace deja {

namespace {

namespace core = flyteidl2::core;
namespace data = boost::unit_test::data;
using google::protobuf::Arena;
using google::protobuf::Value;
using testing::code_of;
using testing::json::array;
using testing::json::boolean;
using testing::json::null;
using testing::json::number;
using testing::json::object;
using testing::json::text;

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string hash_of(const google::protobuf::Message& message) {
  const auto hash = object_hash(message, "m");
  return hash ? to_hex(*hash) : hash.error().message;
}

std::string hash_of(const core::LiteralMap& inputs, const std::set<std::string>& ignored) {
  const auto hash = inputs_hash(inputs, ignored);
  return hash ? to_hex(*hash) : hash.error().message;
}

core::Literal integer(std::int64_t value) {
  core::Literal literal;
  literal.mutable_scalar()->mutable_primitive()->set_integer(value);
  return literal;
}

digest integer_hash(std::string_view value) {
  return object({{"scalar", object({{"primitive", object({{"integer", text(value)}})}})}});
}

// An input "x".
core::LiteralMap input(const core::Literal& literal) {
  core::LiteralMap inputs;
  (*inputs.mutable_literals())["x"] = literal;
  return inputs;
}

std::string input_hash(const digest& literal) {
  return to_hex(object({{"literals", object({{"x", literal}})}}));
}

std::string hash_of_generic(const Value& value) {
  core::Scalar scalar;
  (*scalar.mutable_generic()->mutable_fields())["v"] = value;
  return hash_of(scalar);
}

std::string generic_hash(const digest& value) {
  return to_hex(object({{"generic", object({{"v", value}})}}));
}

core::Primitive float_of(double value) {
  core::Primitive primitive;
  primitive.set_float_value(value);
  return primitive;
}

// `depth` collections inside one another, the innermost one empty. On an arena, because protobuf
// destroys nested messages recursively.
core::LiteralMap& nested_collections(Arena& arena, int depth) {
  auto* inputs = Arena::CreateMessage<core::LiteralMap>(&arena);
  auto* literal = &(*inputs->mutable_literals())["x"];
  for (int at = 1; at < depth; ++at)
    literal = literal->mutable_collection()->add_literals();
  literal->mutable_collection();
  return *inputs;
}

// `depth` structures inside one another, the innermost one empty.
core::Scalar& nested_structures(Arena& arena, int depth) {
  auto* scalar = Arena::CreateMessage<core::Scalar>(&arena);
  auto* structure = scalar->mutable_generic();
  for (int at = 1; at < depth; ++at)
    structure = (*structure->mutable_fields())["f"].mutable_struct_value();
  return *scalar;
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_object_hash)

BOOST_AUTO_TEST_CASE(leaves_out_what_is_not_set) {
  BOOST_TEST(hash_of(core::Identifier{}) == to_hex(object({})));
  core::VariableMap variables;
  BOOST_TEST(hash_of(variables) == to_hex(object({})));
  variables.add_variables();
  BOOST_TEST(hash_of(variables) == to_hex(object({{"variables", array({object({})})}})));
}

BOOST_AUTO_TEST_CASE(takes_a_oneofs_member_at_its_default) {
  core::Primitive primitive;
  primitive.set_integer(0);
  BOOST_TEST(hash_of(primitive) == to_hex(object({{"integer", text("0")}})));
  primitive.set_float_value(0);
  BOOST_TEST(hash_of(primitive) == to_hex(object({{"floatValue", number("+0:")}})));
  primitive.set_string_value("");
  BOOST_TEST(hash_of(primitive) == to_hex(object({{"stringValue", text("")}})));
  primitive.set_boolean(false);
  BOOST_TEST(hash_of(primitive) == to_hex(object({{"boolean", boolean(false)}})));
  primitive.mutable_datetime();
  BOOST_TEST(hash_of(primitive) == to_hex(object({{"datetime", text("1970-01-01T00:00:00Z")}})));
  primitive.mutable_duration();
  BOOST_TEST(hash_of(primitive) == to_hex(object({{"duration", text("0s")}})));
}

BOOST_AUTO_TEST_CASE(takes_64_bit_integers_as_text) {
  core::Primitive primitive;
  primitive.set_integer(9'007'199'254'740'993);
  BOOST_TEST(hash_of(primitive) == to_hex(object({{"integer", text("9007199254740993")}})));
  primitive.set_integer(std::numeric_limits<std::int64_t>::min());
  BOOST_TEST(hash_of(primitive) == to_hex(object({{"integer", text("-9223372036854775808")}})));
  core::LiteralOffloadedMetadata offloaded;
  offloaded.set_size_bytes(std::numeric_limits<std::uint64_t>::max());
  BOOST_TEST(hash_of(offloaded) == to_hex(object({{"sizeBytes", text("18446744073709551615")}})));
}

BOOST_AUTO_TEST_CASE(takes_numbers_that_json_lacks_as_text) {
  const auto hash = [](const digest& value) {
    return to_hex(object({{"floatValue", value}}));
  };
  BOOST_TEST(hash_of(float_of(1.5)) == hash(number("+1:011")));
  BOOST_TEST(hash_of(float_of(-0.0)) == hash(number("+0:")));
  BOOST_TEST(hash_of(float_of(std::numeric_limits<double>::quiet_NaN())) == hash(text("NaN")));
  BOOST_TEST(hash_of(float_of(-std::numeric_limits<double>::quiet_NaN())) == hash(text("NaN")));
  BOOST_TEST(hash_of(float_of(infinity)) == hash(text("Infinity")));
  BOOST_TEST(hash_of(float_of(-infinity)) == hash(text("-Infinity")));
}

BOOST_AUTO_TEST_CASE(takes_bytes_as_padded_base64) {
  core::Binary binary;
  binary.set_value("\xff\xfe");
  BOOST_TEST(hash_of(binary) == to_hex(object({{"value", text("//4=")}})));
}

BOOST_AUTO_TEST_CASE(takes_enums_by_name_and_unknown_ones_by_number) {
  core::Identifier identifier;
  identifier.set_resource_type(core::TASK);
  BOOST_TEST(hash_of(identifier) == to_hex(object({{"resourceType", text("TASK")}})));
  identifier.set_resource_type(static_cast<core::ResourceType>(99));
  BOOST_TEST(hash_of(identifier) == to_hex(object({{"resourceType", number("+7:01100011")}})));
  identifier.set_resource_type(static_cast<core::ResourceType>(-1));
  BOOST_TEST(hash_of(identifier) == to_hex(object({{"resourceType", number("-0:1")}})));
}

BOOST_AUTO_TEST_CASE(takes_text_without_normalising_it) {
  core::Identifier composed;
  composed.set_name("\u00e9");
  core::Identifier decomposed;
  decomposed.set_name("e\u0301");
  BOOST_TEST(hash_of(composed) == to_hex(object({{"name", text("\u00e9")}})));
  BOOST_TEST(hash_of(decomposed) == to_hex(object({{"name", text("e\u0301")}})));
}

BOOST_AUTO_TEST_CASE(takes_each_kind_of_value) {
  Value value;
  value.set_null_value(google::protobuf::NULL_VALUE);
  BOOST_TEST(hash_of_generic(value) == generic_hash(null()));
  value.set_number_value(-infinity);
  BOOST_TEST(hash_of_generic(value) == generic_hash(text("-Infinity")));
  value.set_number_value(3);
  BOOST_TEST(hash_of_generic(value) == generic_hash(number("+2:011")));
  value.set_string_value("");
  BOOST_TEST(hash_of_generic(value) == generic_hash(text("")));
  value.set_bool_value(true);
  BOOST_TEST(hash_of_generic(value) == generic_hash(boolean(true)));
  value.mutable_struct_value();
  BOOST_TEST(hash_of_generic(value) == generic_hash(object({})));
  value.mutable_list_value();
  BOOST_TEST(hash_of_generic(value) == generic_hash(array({})));
  value.mutable_list_value()->add_values()->set_null_value(google::protobuf::NULL_VALUE);
  value.mutable_list_value()->add_values()->mutable_list_value();
  BOOST_TEST(hash_of_generic(value) == generic_hash(array({null(), array({})})));
}

BOOST_AUTO_TEST_CASE(of_a_value_of_no_kind_is_an_error) {
  BOOST_TEST(hash_of_generic(Value{}) == "m.generic[\"v\"]: a Value of no kind has no JSON form");
}

BOOST_AUTO_TEST_CASE(of_an_empty_structure_is_that_of_an_empty_object) {
  core::Scalar scalar;
  scalar.mutable_generic();
  BOOST_TEST(hash_of(scalar) == to_hex(object({{"generic", object({})}})));
}

BOOST_AUTO_TEST_CASE(does_not_depend_on_the_order_of_a_map) {
  core::LiteralMap forwards;
  core::LiteralMap backwards;
  std::map<std::string, digest> hashes;
  constexpr int count = 20'000;
  for (int at = 0; at < count; ++at) {
    const auto name = std::to_string(at);
    (*forwards.mutable_literals())[name] = integer(at);
    (*backwards.mutable_literals())[std::to_string(count - 1 - at)] = integer(count - 1 - at);
    hashes.emplace(name, integer_hash(name));
  }
  BOOST_TEST(hash_of(forwards) == to_hex(object({{"literals", object(hashes)}})));
  BOOST_TEST(hash_of(backwards) == hash_of(forwards));
}

BOOST_AUTO_TEST_CASE(takes_maps_of_texts) {
  core::Literal literal;
  (*literal.mutable_metadata())["k"] = "v";
  (*literal.mutable_metadata())[""] = "";
  BOOST_TEST(hash_of(literal) ==
             to_hex(object({{"metadata", object({{"k", text("v")}, {"", text("")}})}})));
}

BOOST_AUTO_TEST_CASE(of_text_that_is_not_utf_8_is_an_error) {
  core::Identifier identifier;
  identifier.set_project("p");
  identifier.set_name("a\xff");
  BOOST_TEST(hash_of(identifier) == "m.name: the text is not UTF-8");
  core::Literal literal;
  (*literal.mutable_metadata())["k"] = "\xed\xa0\x80";
  BOOST_TEST(hash_of(literal) == "m.metadata[\"k\"]: the text is not UTF-8");
}

BOOST_AUTO_TEST_CASE(of_a_maps_key_that_is_not_utf_8_is_an_error) {
  core::Literal literal;
  (*literal.mutable_metadata())["\xff"] = "v";
  BOOST_TEST(hash_of(literal) == "m.metadata: a key of the map is not UTF-8");
  core::Scalar scalar;
  (*scalar.mutable_generic()->mutable_fields())["\xff"].set_bool_value(true);
  BOOST_TEST(hash_of(scalar) == "m.generic: a key of the map is not UTF-8");
}

BOOST_AUTO_TEST_CASE(of_another_type_is_an_error) {
  BOOST_TEST(code_of(object_hash(core::CatalogMetadata{}, "m")) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(takes_10000_objects_and_arrays_inside_one_another) {
  Arena arena;
  auto hash = object({});
  for (int at = 1; at < 9'999; ++at)
    hash = object({{"f", hash}});
  BOOST_TEST(hash_of(nested_structures(arena, 9'999)) == to_hex(object({{"generic", hash}})));
  BOOST_TEST(hash_of(nested_structures(arena, 10'000))
                 .ends_with("more than 10000 objects and arrays inside one another"));
}

BOOST_AUTO_TEST_CASE(tells_the_two_ends_of_a_long_path) {
  Arena arena;
  const auto why = hash_of(nested_structures(arena, 100'000));
  BOOST_TEST(why.starts_with("m.generic[\"f\"][\"f\"]"));
  BOOST_TEST(why.find("[\"f\"]…[\"f\"]") != std::string::npos);
  BOOST_TEST(why.size() < 300U);
}

BOOST_AUTO_TEST_CASE(shortens_long_keys_in_a_path) {
  core::Scalar scalar;
  (*scalar.mutable_generic()->mutable_fields())[std::string(63, 'k') + "é" + std::string(99, 'k')];
  BOOST_TEST(hash_of(scalar) ==
             "m.generic[\"" + std::string(63, 'k') + "…\"]: a Value of no kind has no JSON form");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_hash_of_inputs)

BOOST_AUTO_TEST_CASE(is_that_of_an_empty_message_without_any) {
  BOOST_TEST(hash_of(core::LiteralMap{}, {}) == to_hex(object({})));
  BOOST_TEST(hash_of(input(integer(1)), {"x"}) == to_hex(object({})));
}

BOOST_AUTO_TEST_CASE(leaves_out_ignored_inputs_but_no_names_further_in) {
  core::Literal map;
  (*map.mutable_map()->mutable_literals())["y"] = integer(2);
  auto inputs = input(map);
  (*inputs.mutable_literals())["y"] = integer(3);
  const auto inner = object({{"map", object({{"literals", object({{"y", integer_hash("2")}})}})}});
  BOOST_TEST(hash_of(inputs, {"y"}) == input_hash(inner));
}

BOOST_AUTO_TEST_CASE(takes_a_literals_hash_for_all_of_it) {
  auto literal = integer(1);
  literal.set_hash("h");
  (*literal.mutable_metadata())["k"] = "v";
  literal.mutable_artifact_id()->set_version("v");
  const auto replaced = object({{"hash", text("h")}});
  BOOST_TEST(hash_of(input(literal), {}) == input_hash(replaced));
  core::Literal list;
  *list.mutable_collection()->add_literals() = literal;
  BOOST_TEST(hash_of(input(list), {}) ==
             input_hash(object({{"collection", object({{"literals", array({replaced})}})}})));
}

BOOST_AUTO_TEST_CASE(leaves_out_the_metadata_of_collections_and_maps) {
  core::Literal list;
  list.mutable_collection();
  (*list.mutable_metadata())["k"] = "v";
  list.mutable_artifact_id()->set_version("v");
  BOOST_TEST(hash_of(input(list), {}) == input_hash(object({{"collection", object({})}})));
  auto map = list;
  map.mutable_map();
  BOOST_TEST(hash_of(input(map), {}) == input_hash(object({{"map", object({})}})));
}

BOOST_AUTO_TEST_CASE(keeps_the_metadata_of_other_literals) {
  core::Literal literal;
  (*literal.mutable_metadata())["k"] = "v";
  literal.mutable_artifact_id()->set_version("v");
  const std::map<std::string, digest> kept{{"metadata", object({{"k", text("v")}})},
                                           {"artifactId", object({{"version", text("v")}})}};
  BOOST_TEST(hash_of(input(literal), {}) == input_hash(object(kept)));
  auto expected = kept;
  literal.mutable_scalar()->mutable_none_type();
  expected.emplace("scalar", object({{"noneType", object({})}}));
  BOOST_TEST(hash_of(input(literal), {}) == input_hash(object(expected)));
}

BOOST_AUTO_TEST_CASE(takes_what_a_union_holds_as_it_is) {
  core::Literal inner;
  inner.mutable_collection()->add_literals()->set_hash("h");
  (*inner.mutable_metadata())["k"] = "v";
  inner.set_hash("inner");
  core::Literal literal;
  *literal.mutable_scalar()->mutable_union_()->mutable_value() = inner;
  const auto held =
      object({{"collection", object({{"literals", array({object({{"hash", text("h")}})})}})},
              {"metadata", object({{"k", text("v")}})},
              {"hash", text("inner")}});
  BOOST_TEST(hash_of(input(literal), {}) ==
             input_hash(object({{"scalar", object({{"union", object({{"value", held}})}})}})));
}

BOOST_AUTO_TEST_CASE(is_no_error_for_what_does_not_count) {
  auto wrong = integer(1);
  wrong.mutable_scalar()->mutable_primitive()->mutable_datetime()->set_nanos(-1);
  BOOST_TEST(hash_of(input(wrong), {"x"}) == to_hex(object({})));
  wrong.set_hash("h");
  BOOST_TEST(hash_of(input(wrong), {}) == input_hash(object({{"hash", text("h")}})));
}

BOOST_AUTO_TEST_CASE(of_a_name_that_is_not_utf_8_is_an_error_unless_it_is_ignored) {
  core::LiteralMap inputs;
  (*inputs.mutable_literals())["\xff"] = integer(1);
  BOOST_TEST(hash_of(inputs, {}) == "inputs.literals: a key of the map is not UTF-8");
  BOOST_TEST(hash_of(inputs, {"\xff"}) == to_hex(object({})));
}

BOOST_AUTO_TEST_CASE(takes_collections_inside_one_another_to_the_limit) {
  Arena arena;
  // Each is three levels (literal, collection, array; the innermost has no array), below the map
  // and its literals.
  constexpr int most = 3'333;
  auto hash = object({{"collection", object({})}});
  for (int at = 1; at < most; ++at)
    hash = object({{"collection", object({{"literals", array({hash})}})}});
  BOOST_TEST(hash_of(nested_collections(arena, most), {}) == input_hash(hash));
  BOOST_TEST(hash_of(nested_collections(arena, most + 1), {})
                 .ends_with("more than 10000 objects and arrays inside one another"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
