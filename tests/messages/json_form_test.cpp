#include <deja/messages/json_form.hpp>

#include "../support/results.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>

namespace deja {

namespace {

using testing::code_of;
namespace data = boost::unit_test::data;
using limits = std::numeric_limits<double>;

constexpr auto least = std::numeric_limits<std::int64_t>::min();
constexpr auto most = std::numeric_limits<std::int64_t>::max();

result<short_text> time_text(std::int64_t seconds, std::int32_t nanos) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(nanos);
  return timestamp_text(time);
}

result<short_text> span_text(std::int64_t seconds, std::int32_t nanos) {
  google::protobuf::Duration span;
  span.set_seconds(seconds);
  span.set_nanos(nanos);
  return duration_text(span);
}

std::string text_of(const result<short_text>& text) {
  return text ? std::string{text->data(), text->size()} : to_string(text.error());
}

} // namespace

BOOST_AUTO_TEST_SUITE(json_form)

BOOST_DATA_TEST_CASE(
    number_has_a_normal_form,
    data::make({0.0, -0.0, 1.0, -1.0, 0.5, 0.25, 1.5, 2.0, 3.0, -100.0, 0.1, 0x1p53, 0x1p53 + 2,
                2147483647.0, limits::max(), limits::min(), limits::denorm_min()}) ^
        data::make({"+0:", "+0:", "+0:1", "-0:1", "+-1:1", "+-2:1", "+1:011", "+1:1", "+2:011",
                    "-7:011001", "+-3:01100110011001100110011001100110011001100110011001101",
                    "+53:1", "+54:010000000000000000000000000000000000000000000000000001",
                    "+31:01111111111111111111111111111111",
                    "+1024:011111111111111111111111111111111111111111111111111111", "+-1022:1",
                    "+-1074:1"}),
    number, form) {
  BOOST_TEST(number_form(number).c_str() == form);
}

BOOST_DATA_TEST_CASE(
    timestamp_may_be_of_any_year,
    data::make<std::int64_t>({0, -1, 951'782'400, -62'135'596'800, -62'135'596'801, -62'167'219'201,
                              253'402'300'799, 253'402'300'800, most}) ^
        data::make({"1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2000-02-29T00:00:00Z",
                    "0001-01-01T00:00:00Z", "0000-12-31T23:59:59Z", "-0001-12-31T23:59:59Z",
                    "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z",
                    "292277026596-12-04T15:30:07Z"}),
    seconds, text) {
  BOOST_TEST(text_of(time_text(seconds, 0)) == text);
}

BOOST_AUTO_TEST_CASE(timestamp_wraps_around_where_gos_does) {
  constexpr std::int64_t first = -9'223'372'028'741'760'000;
  BOOST_TEST(text_of(time_text(first, 0)) == "-292277022400-03-01T00:00:00Z");
  BOOST_TEST(text_of(time_text(first - 1, 0)) == "292277026854-01-07T07:00:15Z");
  BOOST_TEST(text_of(time_text(least, 0)) == "292277026596-12-04T15:30:08Z");
}

BOOST_AUTO_TEST_CASE(timestamp_has_0_3_6_or_9_fractional_digits) {
  BOOST_TEST(text_of(time_text(0, 100'000'000)) == "1970-01-01T00:00:00.100Z");
  BOOST_TEST(text_of(time_text(0, 1'000)) == "1970-01-01T00:00:00.000001Z");
  BOOST_TEST(text_of(time_text(-1, 999'999'999)) == "1969-12-31T23:59:59.999999999Z");
}

BOOST_DATA_TEST_CASE(timestamp_of_nanos_out_of_range_is_an_error,
                     data::make({-1, 1'000'000'000, std::numeric_limits<std::int32_t>::min()}),
                     nanos) {
  BOOST_TEST(code_of(time_text(0, nanos)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(duration_is_decimal_seconds_with_the_sign_in_front) {
  BOOST_TEST(text_of(span_text(0, 0)) == "0s");
  BOOST_TEST(text_of(span_text(1, 0)) == "1s");
  BOOST_TEST(text_of(span_text(-1, 0)) == "-1s");
  BOOST_TEST(text_of(span_text(0, -500'000'000)) == "-0.500s");
  BOOST_TEST(text_of(span_text(0, 1)) == "0.000000001s");
  BOOST_TEST(text_of(span_text(-3, -1'000)) == "-3.000001s");
  BOOST_TEST(text_of(span_text(315'576'000'000, 999'999'999)) == "315576000000.999999999s");
  BOOST_TEST(text_of(span_text(-315'576'000'000, -999'999'999)) == "-315576000000.999999999s");
}

BOOST_DATA_TEST_CASE(
    duration_out_of_range_or_of_two_signs_is_an_error,
    data::make<std::int64_t>({315'576'000'001, -315'576'000'001, least, 0, 0, 0, 1, -1}) ^
        data::make<std::int32_t>({0, 0, 0, 1'000'000'000, -1'000'000'000,
                                  std::numeric_limits<std::int32_t>::min(), -1, 1}),
    seconds, nanos) {
  BOOST_TEST(code_of(span_text(seconds, nanos)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
