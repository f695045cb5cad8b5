#include <deja/messages/last_task.hpp>

#include <boost/test/unit_test.hpp>

namespace deja {

namespace {

core::Identifier some_identifier() {
  core::Identifier identifier;
  identifier.set_resource_type(core::TASK);
  identifier.set_org("o");
  identifier.set_project("p");
  identifier.set_domain("d");
  identifier.set_name("train");
  identifier.set_version("v7");
  return identifier;
}

core::TypedInterface some_interface(const std::string& input) {
  core::TypedInterface interface;
  interface.mutable_inputs()->add_variables()->set_key(input);
  return interface;
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_last_task)

BOOST_AUTO_TEST_CASE(is_none_at_first) {
  BOOST_TEST(!last_task{}.is_again({}, {}));
}

BOOST_AUTO_TEST_CASE(is_again_what_was_just_asked) {
  const shared<core::TypedInterface> interface {
    some_interface("x")
  };
  last_task last;
  last.is_again(some_identifier(), interface);
  BOOST_TEST(last.is_again(some_identifier(), interface));
}

BOOST_AUTO_TEST_CASE(is_the_same_with_an_equal_interface) {
  last_task last;
  last.is_again(some_identifier(), some_interface("x"));
  BOOST_TEST(last.is_again(some_identifier(), some_interface("x")));
  BOOST_TEST(!last.is_again(some_identifier(), some_interface("y")));
  BOOST_TEST(!last.is_again(some_identifier(), some_interface("x")));
}

BOOST_AUTO_TEST_CASE(is_another_without_an_interface_than_with_an_empty_one) {
  last_task last;
  last.is_again(some_identifier(), {});
  BOOST_TEST(!last.is_again(some_identifier(), core::TypedInterface{}));
  BOOST_TEST(!last.is_again(some_identifier(), {}));
  BOOST_TEST(last.is_again(some_identifier(), {}));
}

// A field that is new here is missing from the comparison.
BOOST_AUTO_TEST_CASE(is_another_where_any_part_of_the_identifier_differs) {
  const auto& fields = *core::Identifier::descriptor();
  for (int at = 0; at < fields.field_count(); ++at) {
    auto other = some_identifier();
    other.GetReflection()->ClearField(&other, fields.field(at));
    last_task last;
    last.is_again(some_identifier(), {});
    BOOST_TEST(!last.is_again(other, {}), fields.field(at)->name());
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
