#include <deja/messages/error.hpp>

#include "../support/results.hpp"

#include <boost/test/unit_test.hpp>

namespace deja {

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(have_codes_with_the_names_of_the_wire) {
  BOOST_TEST(to_string(errc::canceled) == "canceled");
  BOOST_TEST(to_string(errc::not_found) == "not_found");
  BOOST_TEST(to_string(errc::unauthenticated) == "unauthenticated");
  BOOST_TEST(to_string(static_cast<errc>(200)) == "unknown");
}

BOOST_AUTO_TEST_CASE(are_read_back_from_their_codes_names) {
  for (int number = 1; number <= 16; ++number) {
    const auto code = static_cast<errc>(number);
    BOOST_TEST((parse_errc(to_string(code)) == code), to_string(code));
  }
}

BOOST_AUTO_TEST_CASE(have_no_code_of_another_name) {
  for (const auto* name : {"", "ok", "NOT_FOUND", "not_found ", "cancelled"})
    BOOST_TEST(!parse_errc(name), name);
}

BOOST_AUTO_TEST_CASE(pass_where_another_try_can_help) {
  for (const auto code : {errc::unavailable, errc::deadline_exceeded, errc::resource_exhausted,
                          errc::aborted, errc::internal})
    BOOST_TEST(can_pass(code), to_string(code));
  for (const auto code : {errc::invalid_argument, errc::not_found, errc::already_exists,
                          errc::failed_precondition, errc::canceled, errc::data_loss})
    BOOST_TEST(!can_pass(code), to_string(code));
}

BOOST_AUTO_TEST_CASE(tell_where_they_happened) {
  const auto why = within("entry \"k\"", {errc::not_found, "it is gone"});
  BOOST_TEST(why.code == errc::not_found);
  BOOST_TEST(to_string(why) == "not_found: entry \"k\": it is gone");
}

BOOST_AUTO_TEST_CASE(are_thrown_by_the_value_that_is_not_there) {
  const error why{errc::data_loss, "it is damaged"};
  const result<int> outcome = why;
  const auto tells = [&](const failure& thrown) {
    return thrown.why() == why && thrown.what() == to_string(why);
  };
  BOOST_CHECK_EXCEPTION(static_cast<void>(outcome.value()), failure, tells);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
