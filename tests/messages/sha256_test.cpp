#include <deja/messages/sha256.hpp>

#include "../support/results.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace deja {

namespace {

using testing::code_of;
namespace data = boost::unit_test::data;

// FIPS 180-2, appendix B.1.
constexpr auto of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

} // namespace

BOOST_AUTO_TEST_SUITE(sha_256)

BOOST_AUTO_TEST_CASE(is_that_of_the_standard) {
  BOOST_TEST(to_hex(sha256::of("")) ==
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_TEST(to_hex(sha256::of("abc")) == of_abc);
}

BOOST_AUTO_TEST_CASE(does_not_depend_on_the_pieces) {
  sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update("bc");
  BOOST_TEST(to_hex(hash.finish()) == of_abc);
}

BOOST_AUTO_TEST_CASE(starts_anew_once_it_is_finished) {
  sha256 hash;
  hash.update("something");
  hash.finish();
  hash.update("abc");
  BOOST_TEST(to_hex(hash.finish()) == of_abc);
}

BOOST_AUTO_TEST_CASE(goes_its_own_way_once_it_is_copied) {
  sha256 hash;
  hash.update("ab");
  auto copy = hash;
  hash.update("something");
  copy.update("c");
  BOOST_TEST(to_hex(copy.finish()) == of_abc);
}

BOOST_AUTO_TEST_CASE(takes_a_digest_as_its_bytes) {
  const auto inner = sha256::of("abc");
  sha256 hash;
  hash.update(inner);
  BOOST_TEST(to_hex(hash.finish()) == to_hex(sha256::of(bytes_of(inner))));
}

BOOST_AUTO_TEST_CASE(is_read_from_its_hexadecimal_digits) {
  const auto read = parse_digest(of_abc);
  BOOST_REQUIRE(read);
  BOOST_TEST(bytes_of(*read) == bytes_of(sha256::of("abc")));
}

BOOST_DATA_TEST_CASE(
    is_not_read_from_anything_else,
    data::make({"", "ba7816bf", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
                "ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a"}),
    text) {
  BOOST_TEST(code_of(parse_digest(text)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
