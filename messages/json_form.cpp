#include <deja/messages/json_form.hpp>

#include <cmath>

namespace deja {

namespace {

constexpr std::int32_t nanos_a_second = 1'000'000'000;
constexpr std::int64_t seconds_a_day = 86'400;

std::string padded(std::uint64_t value, std::size_t width) {
  auto text = std::to_string(value);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

// `.` and as many of 3, 6 or 9 digits as needed; nothing for 0.
std::string fraction(std::int32_t nanos) {
  const auto value = static_cast<std::uint64_t>(nanos);
  if (value == 0)
    return {};
  if (value % 1'000'000 == 0)
    return "." + padded(value / 1'000'000, 3);
  if (value % 1'000 == 0)
    return "." + padded(value / 1'000, 6);
  return "." + padded(value, 9);
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

std::string number_form(double number) {
  if (number == 0)
    return "+0:";
  int exponent = 0;
  // frexp gives [0.5, 1), the normal form wants (0.5, 1].
  auto rest = std::frexp(std::fabs(number), &exponent);
  if (rest == 0.5) {
    rest = 1;
    --exponent;
  }
  std::string form{number < 0 ? '-' : '+'};
  form += std::to_string(exponent);
  form += ':';
  for (; rest != 0; rest *= 2) {
    const bool one = rest >= 1;
    form += one ? '1' : '0';
    rest -= one ? 1 : 0;
  }
  return form;
}

result<std::string> timestamp_text(const google::protobuf::Timestamp& time) {
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
  const auto years = static_cast<std::uint64_t>(year < 0 ? -year : year);
  return (year < 0 ? "-" : "") + padded(years, 4) + "-" + padded(month, 2) + "-" +
         padded(of_month, 2) + "T" + padded(of_day / 3'600, 2) + ":" + padded(of_day / 60 % 60, 2) +
         ":" + padded(of_day % 60, 2) + fraction(time.nanos()) + "Z";
}

result<std::string> duration_text(const google::protobuf::Duration& span) {
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
  return (seconds < 0 || nanos < 0 ? "-" : "") + std::to_string(seconds < 0 ? -seconds : seconds) +
         fraction(nanos < 0 ? -nanos : nanos) + "s";
}

} // namespace deja
