#include <deja/messages/base64.hpp>

#include "../support/results.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace deja {

namespace {

using testing::code_of;
namespace data = boost::unit_test::data;

// RFC 4648, section 10.
const auto plain = data::make({"", "f", "fo", "foo", "foob", "fooba", "foobar"});
const auto padded = data::make({"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"});
const auto unpadded = data::make({"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"});

std::string parsed(std::string_view text) {
  const auto bytes = parse_base64(text);
  BOOST_REQUIRE_MESSAGE(bytes, bytes.error().message);
  return *bytes;
}

} // namespace

BOOST_AUTO_TEST_SUITE(base64)

BOOST_DATA_TEST_CASE(is_that_of_the_rfc, plain ^ padded ^ unpadded, bytes, standard, url) {
  BOOST_TEST(to_base64(bytes) == standard);
  BOOST_TEST(to_base64_url(bytes) == url);
  BOOST_TEST(parsed(standard) == bytes);
  BOOST_TEST(parsed(url) == bytes);
}

BOOST_AUTO_TEST_CASE(has_two_alphabets_and_is_read_in_either) {
  const std::string_view bytes = "\xfb\xff\xfe";
  BOOST_TEST(to_base64(bytes) == "+//+");
  BOOST_TEST(to_base64_url(bytes) == "-__-");
  BOOST_TEST(parsed("+//+") == bytes);
  BOOST_TEST(parsed("-__-") == bytes);
}

BOOST_AUTO_TEST_CASE(of_every_byte_comes_back) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte)
    bytes += static_cast<char>(byte);
  BOOST_TEST(parsed(to_base64(bytes)) == bytes);
  BOOST_TEST(parsed(to_base64_url(bytes)) == bytes);
}

BOOST_DATA_TEST_CASE(of_a_wrong_length_or_alphabet_is_an_error,
                     data::make({"Z", "Zm9vY", "Zg=", "Zm8==", "Zm9v=", "Zg===", "=", "==", "====",
                                 "Z=g=", "Zm9v\n", "Zm 9v", "Zm9*", "\xff\xff\xff\xff"}),
                     text) {
  BOOST_TEST(code_of(parse_base64(text)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
