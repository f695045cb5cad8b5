#include <deja/messages/utf8.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace deja {

namespace {

namespace data = boost::unit_test::data;

// At every offset from a word's start, and with every number of bytes behind.
template <class Check>
void everywhere(const std::string& text, Check check) {
  for (std::size_t before = 0; before < 9; ++before)
    for (std::size_t behind = 0; behind < 9; ++behind)
      check(std::string(before, 'a') + text + std::string(behind, 'z'));
}

} // namespace

BOOST_AUTO_TEST_SUITE(utf8)

// The first and last characters of each length, and those next to the surrogates.
BOOST_DATA_TEST_CASE(is_well_formed,
                     data::make({"", "\x01", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
                                 "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
                                 "\xf4\x8f\xbf\xbf"}),
                     text) {
  everywhere(text, [](const std::string& whole) { BOOST_TEST(is_utf8(whole)); });
}

BOOST_DATA_TEST_CASE(is_not_well_formed,
                     data::make({
                         "\x80",             // A continuation of nothing.
                         "\xbf",             //
                         "\xc0\x80",         // Overlong.
                         "\xc1\xbf",         //
                         "\xe0\x9f\xbf",     //
                         "\xf0\x8f\xbf\xbf", //
                         "\xed\xa0\x80",     // Surrogates.
                         "\xed\xbf\xbf",     //
                         "\xf4\x90\x80\x80", // Past U+10FFFF.
                         "\xf5\x80\x80\x80", //
                         "\xff",             //
                         "\xc2",             // Cut off.
                         "\xe1\x80",         //
                         "\xf1\x80\x80",     //
                         "\xe1\x80\xc0",     // Continued wrongly.
                         "\xf1\x80\x80\x7f", //
                     }),
                     text) {
  everywhere(text, [](const std::string& whole) { BOOST_TEST(!is_utf8(whole)); });
}

BOOST_AUTO_TEST_CASE(may_hold_zero_bytes) {
  using namespace std::string_view_literals;
  BOOST_TEST(is_utf8("\0"sv));
  BOOST_TEST(is_utf8("a\0é"sv));
  BOOST_TEST(!is_utf8("\xc2\0"sv));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
