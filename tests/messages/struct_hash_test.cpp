#include <deja/messages/struct_hash.hpp>

#include "reference_key.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace deja {

namespace {

namespace data = boost::unit_test::data;
using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr std::size_t room = 100;

// Of every kind, by its number; objects and arrays hold others.
Value value(int number) {
  Value made;
  switch (number % 8) {
  case 0:
    made.set_number_value(number / 3.0);
    break;
  case 1:
    made.set_string_value(std::string(static_cast<std::size_t>(number) * 7, 'x'));
    break;
  case 2:
    made.set_bool_value(number % 16 == 2);
    break;
  case 3:
    made.set_null_value({});
    break;
  case 4:
    made.mutable_list_value();
    for (int at = 0; at < number / 3; ++at)
      *made.mutable_list_value()->add_values() = value(at);
    break;
  case 5:
    made.mutable_struct_value();
    for (int at = 0; at < number / 9; ++at)
      (*made.mutable_struct_value()->mutable_fields())["f" + std::to_string(at)] = value(at);
    break;
  default:
    (*made.mutable_struct_value()->mutable_fields())["only"] = value(number / 2);
  }
  return made;
}

ListValue array(int size) {
  ListValue made;
  for (int at = 0; at < size; ++at)
    *made.add_values() = value(at);
  return made;
}

Struct object(int size) {
  Struct made;
  for (int at = 0; at < size; ++at)
    (*made.mutable_fields())["field " + std::to_string(at)] = value(at);
  return made;
}

template <class Message>
std::string hash_of(const Message& message) {
  const auto hash = struct_hash(message, room);
  return hash ? to_hex(*hash) : hash.error().message;
}

std::string reference_hash_of(const google::protobuf::Message& message) {
  const auto hash = testing::reference::object_hash(message);
  digest bytes{};
  BOOST_REQUIRE(hash);
  hash->copy(reinterpret_cast<char*>(bytes.data()), bytes.size());
  return to_hex(bytes);
}

// Around the sizes at which the work is divided otherwise: a block, several, those hashed at once.
const auto sizes = data::make({0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 129, 200});

} // namespace

BOOST_AUTO_TEST_SUITE(the_hash_of_a_struct)

BOOST_DATA_TEST_CASE(is_the_references_for_arrays, sizes, size) {
  BOOST_TEST(hash_of(array(size)) == reference_hash_of(array(size)));
}

BOOST_DATA_TEST_CASE(is_the_references_for_objects, sizes, size) {
  BOOST_TEST(hash_of(object(size)) == reference_hash_of(object(size)));
}

BOOST_AUTO_TEST_CASE(says_where_something_has_no_hash) {
  auto wrong = array(150);
  auto& fields = *wrong.mutable_values(144)->mutable_struct_value()->mutable_fields();
  *fields["a"].mutable_list_value()->add_values() = Value{};
  BOOST_TEST(hash_of(wrong) == "[144][\"a\"][0]: a Value of no kind has no JSON form");
  wrong.mutable_values(144)->set_string_value("\xff");
  BOOST_TEST(hash_of(wrong) == "[144]: the text is not UTF-8");
}

BOOST_AUTO_TEST_CASE(takes_as_many_levels_as_there_is_room) {
  Struct outermost;
  auto* innermost = &outermost;
  for (std::size_t level = 1; level < room; ++level)
    innermost = (*innermost->mutable_fields())["f"].mutable_struct_value();
  BOOST_TEST(hash_of(outermost) == reference_hash_of(outermost));
  (*innermost->mutable_fields())["f"].mutable_struct_value();
  const auto why = struct_hash(outermost, room).error().message;
  BOOST_TEST(why.find("objects and arrays inside one another") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
