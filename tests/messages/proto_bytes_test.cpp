#include <deja/messages/proto_bytes.hpp>

#include "../support/results.hpp"

#include <flyteidl2/core/literals.pb.h>

#include <boost/test/unit_test.hpp>

namespace deja {

namespace {

namespace core = flyteidl2::core;
using google::protobuf::Struct;
using testing::code_of;

// The wire bytes of `depth` structures inside one another.
std::string nested_structures(int depth) {
  Struct all;
  auto* innermost = &all;
  for (int at = 1; at < depth; ++at)
    innermost = (*innermost->mutable_fields())["f"].mutable_struct_value();
  return serialize(all);
}

} // namespace

BOOST_AUTO_TEST_SUITE(proto_bytes)

BOOST_AUTO_TEST_CASE(are_the_same_for_equal_messages) {
  core::Literal forwards;
  core::Literal backwards;
  for (int at = 0; at < 100; ++at) {
    (*forwards.mutable_metadata())[std::to_string(at)] = "v";
    (*backwards.mutable_metadata())[std::to_string(99 - at)] = "v";
  }
  BOOST_TEST(serialize(forwards) == serialize(backwards));
}

BOOST_AUTO_TEST_CASE(take_the_place_of_what_was_in_the_message) {
  core::Literal stored;
  stored.set_hash("h");
  core::Literal message;
  message.mutable_collection();
  BOOST_REQUIRE(parse_message(message, serialize(stored)));
  BOOST_TEST(message.hash() == "h");
  BOOST_TEST(!message.has_collection());
}

BOOST_AUTO_TEST_CASE(that_are_no_message_are_an_error) {
  for (const std::string bytes : {"\xff", "\x22\x05h", "\x22\x01\xff", "\x0c", "\x22\x01h\x0c"})
    BOOST_TEST(code_of(parse_message<core::Literal>(bytes)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(may_be_of_5000_structures_inside_one_another) {
  BOOST_TEST(code_of(parse_message<Struct>(nested_structures(5'000))) == errc::ok);
}

BOOST_AUTO_TEST_CASE(that_are_nested_deeper_are_an_error) {
  BOOST_TEST(code_of(parse_message<Struct>(nested_structures(5'100))) == errc::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
