#include <deja/messages/json_form.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <limits>

namespace deja {

namespace {

constexpr std::int32_t nanos_a_second = 1'000'000'000;
constexpr std::int64_t seconds_a_day = 86'400;

template <class Integer>
short_text decimal(Integer number) {
  short_text text(short_text::static_capacity, '\0');
  const auto end = std::to_chars(text.begin(), text.end(), number).ptr;
  text.resize(static_cast<std::size_t>(end - text.begin()));
  return text;
}

// Small numbers are the most.
void append_decimal(short_text& text, int number) {
  if (number >= 0 && number < 10)
    text += static_cast<char>('0' + number);
  else
    text += decimal(number);
}

// The binary digits of `bits` from the highest down to the last one.
void append_binary(short_text& text, std::uint64_t bits) {
  std::array<std::uint64_t, 8> eights; // of digits, as they lie in the text
  const auto size = static_cast<std::size_t>(64 - std::countr_zero(bits));
  for (auto* to = eights.data(); bits != 0; bits <<= 8U) {
    // Each multiple of the byte brings another of its bits to the same place in a byte of its own.
    const auto ones = (bits >> 56U) * 0x8040201008040201U >> 7U & 0x0101010101010101U;
    const auto digits = ones + 0x3030303030303030U;
    *to++ = std::endian::native == std::endian::little ? digits : __builtin_bswap64(digits);
  }
  text.append(reinterpret_cast<const char*>(eights.data()), size);
}

// At least so many digits.
void append_padded(short_text& text, std::uint64_t value, std::size_t width) {
  const auto digits = decimal(value);
  if (digits.size() < width)
    text.append(width - digits.size(), '0');
  text += digits;
}

// `.` and as many of 3, 6 or 9 digits as needed; nothing for 0.
void append_fraction(short_text& text, std::int32_t nanos) {
  auto value = static_cast<std::uint64_t>(nanos);
  if (value == 0)
    return;
  std::size_t digits = 9;
  for (; value % 1'000 == 0; value /= 1'000)
    digits -= 3;
  text += '.';
  append_padded(text, value, digits);
}

// The magnitude, also of the least number.
std::uint64_t magnitude(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return value < 0 ? 0 - bits : bits;
}

struct date {
  std::int64_t year;
  std::uint64_t month;
  std::uint64_t day;
};

// The proleptic Gregorian date of a day counted from 1970-01-01. std::chrono's years end at 32767.
// In years that begin in March a leap day is the last, and each 400 years have 146,097 days
// (Howard Hinnant, "chrono-compatible low-level date algorithms").
date date_of(std::int64_t day) {
  constexpr std::int64_t days_an_era = 146'097;
  day += 719'468; // From 0000-03-01.
  const auto era = (day >= 0 ? day : day - (days_an_era - 1)) / days_an_era;
  const auto of_era = static_cast<std::uint64_t>(day - era * days_an_era);
  const auto year = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const auto of_year = of_era - (365 * year + year / 4 - year / 100);
  const auto month = (5 * of_year + 2) / 153; // From March.
  const auto calendar_month = month < 10 ? month + 3 : month - 9;
  return {static_cast<std::int64_t>(year) + era * 400 + (calendar_month <= 2 ? 1 : 0),
          calendar_month, of_year - (153 * month + 2) / 5 + 1};
}

} // namespace

short_text number_form(double number) {
  if (number == 0)
    return "+0:";
  using limits = std::numeric_limits<double>;
  constexpr int fraction_bits = limits::digits - 1;
  constexpr auto fraction_mask = (std::uint64_t{1} << fraction_bits) - 1;
  const auto bits = std::bit_cast<std::uint64_t>(number);
  // The digits after the leading one, from the highest bit down, and the exponent with which that
  // one stands just before the point.
  auto digits = (bits & fraction_mask) << (64 - fraction_bits);
  auto exponent = static_cast<int>(bits >> fraction_bits & 0x7ffU) - (limits::max_exponent - 1);
  if (exponent < limits::min_exponent - 1) { // subnormal: without a leading one
    const auto zeros = std::countl_zero(digits);
    digits = digits << zeros << 1U;
    exponent -= zeros;
  }
  short_text form;
  form += number < 0 ? '-' : '+';
  // The normal form wants a number in (0.5, 1]: a power of two is 1, another begins with 01.
  append_decimal(form, digits == 0 ? exponent : exponent + 1);
  if (digits == 0) {
    form += ":1";
    return form;
  }
  form += ":01";
  append_binary(form, digits);
  return form;
}

short_text integer_form(std::int64_t number) {
  return decimal(number);
}

short_text integer_form(std::uint64_t number) {
  return decimal(number);
}

result<short_text> timestamp_text(const google::protobuf::Timestamp& time) {
  if (time.nanos() < 0 || time.nanos() >= nanos_a_second)
    return error{errc::invalid_argument,
                 "a timestamp's nanos must be within 0 and 999999999, not " +
                     std::to_string(time.nanos())};
  // Below this Go's own count of seconds, which starts before the year 1, wraps around.
  constexpr std::int64_t first_second = -9'223'372'028'741'760'000;
  const auto seconds = time.seconds();
  std::int64_t day = 0;
  std::int64_t second = 0;
  if (seconds < first_second) {
    const auto wrapped = static_cast<std::uint64_t>(seconds);
    day = static_cast<std::int64_t>(wrapped / seconds_a_day);
    second = static_cast<std::int64_t>(wrapped % seconds_a_day);
  } else {
    day = seconds / seconds_a_day;
    second = seconds % seconds_a_day;
    if (second < 0) {
      --day;
      second += seconds_a_day;
    }
  }
  const auto [year, month, of_month] = date_of(day);
  const auto of_day = static_cast<std::uint64_t>(second);
  short_text text;
  if (year < 0)
    text += '-';
  append_padded(text, magnitude(year), 4);
  for (const auto& [mark, part] :
       {std::pair{'-', month}, std::pair{'-', of_month}, std::pair{'T', of_day / 3'600},
        std::pair{':', of_day / 60 % 60}, std::pair{':', of_day % 60}}) {
    text += mark;
    append_padded(text, part, 2);
  }
  append_fraction(text, time.nanos());
  text += 'Z';
  return text;
}

result<short_text> duration_text(const google::protobuf::Duration& span) {
  constexpr std::int64_t most_seconds = 315'576'000'000;
  const auto seconds = span.seconds();
  const auto nanos = span.nanos();
  if (seconds < -most_seconds || seconds > most_seconds)
    return error{errc::invalid_argument, "a duration's seconds must be within ±315576000000, not " +
                                             std::to_string(seconds)};
  if (nanos <= -nanos_a_second || nanos >= nanos_a_second)
    return error{errc::invalid_argument,
                 "a duration's nanos must be within ±999999999, not " + std::to_string(nanos)};
  if ((seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0))
    return error{errc::invalid_argument,
                 "a duration's seconds and nanos must have the same sign, not " +
                     std::to_string(seconds) + " and " + std::to_string(nanos)};
  short_text text;
  if (seconds < 0 || nanos < 0)
    text += '-';
  text += integer_form(magnitude(seconds));
  append_fraction(text, nanos < 0 ? -nanos : nanos);
  text += 's';
  return text;
}

} // namespace deja
