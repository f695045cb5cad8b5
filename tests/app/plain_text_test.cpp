#include <deja/app/plain_text.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace deja::app {

namespace {

namespace data = boost::unit_test::data;

struct sample {
  std::string text, valid, printable;
};

std::ostream& operator<<(std::ostream& out, const sample& one) {
  return out << one.printable;
}

constexpr const char* unknown = "\xef\xbf\xbd";

const std::vector<sample> samples{
    {"", "", ""},
    {"a b\\", "a b\\", "a b\\"},
    {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8d\x8e", // Of two, three and four bytes.
     "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8d\x8e",
     "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8d\x8e"},
    {"\x1b[31m\n\x7f", "\x1b[31m\n\x7f", "\\x1b[31m\\x0a\\x7f"},
    {std::string{"\0", 1}, std::string{"\0", 1}, "\\x00"},
    {"\xc2\x9b|\xc2\xa0", "\xc2\x9b|\xc2\xa0",
     "\\x9b|\xc2\xa0"}, // A control of C1; a no-break space.
    {"a\xff"
     "b",
     std::string{"a"} + unknown + "b", "a\\xffb"},
    {"\xe2\x82", std::string{unknown} + unknown, "\\xe2\\x82"}, // Cut off.
    {"\xed\xa0\x80"
     "z",
     std::string{unknown} + unknown + unknown + "z", "\\xed\\xa0\\x80z"},
};

} // namespace

BOOST_AUTO_TEST_SUITE(plain_text)

BOOST_DATA_TEST_CASE(is_valid, data::make(samples)) {
  BOOST_TEST(valid_utf8(sample.text) == sample.valid);
}

BOOST_DATA_TEST_CASE(is_printable, data::make(samples)) {
  BOOST_TEST(printable(sample.text) == sample.printable);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja::app
