#include <deja/app/load/quantity.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <span>

namespace deja::app::load {

namespace {

/// Three digits, without zeros at the end of a fraction.
std::string three_digits(double number) {
  const double size = std::abs(number);
  const int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, number);
  std::string digits = text.data();
  if (decimals > 0) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.')
      digits.pop_back();
  }
  return digits;
}

struct unit {
  double size;
  const char* name;
};

/// In the largest of the units, in descending order, that is not larger.
std::string in_units(double number, std::span<const unit> units) {
  for (const auto& unit : units)
    if (number >= unit.size * 0.9995)
      return three_digits(number / unit.size) + unit.name;
  return three_digits(number / units.back().size) + units.back().name;
}

} // namespace

std::string latency_text(double microseconds) {
  static constexpr std::array units{unit{1e6, " s"}, unit{1e3, " ms"}, unit{1, " µs"}};
  return in_units(microseconds, units);
}

std::string time_text(double seconds) {
  static constexpr std::array units{unit{86400, " d"}, unit{3600, " h"}, unit{60, " min"},
                                    unit{1, " s"}};
  return in_units(seconds, units);
}

std::string bytes_text(double bytes) {
  static constexpr std::array units{unit{1e12, " TB"}, unit{1e9, " GB"}, unit{1e6, " MB"},
                                    unit{1e3, " kB"}, unit{1, " B"}};
  return in_units(bytes, units);
}

std::string number_text(double number) {
  static constexpr std::array units{unit{1e12, "T"}, unit{1e9, "G"}, unit{1e6, "M"}, unit{1e3, "k"},
                                    unit{1, ""}};
  const bool four_digits = number >= 999.5 && number < 9999.5;
  return four_digits ? count_text(number) : in_units(number, units);
}

std::string plain_text(double number) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.0f", number);
  return text.data();
}

std::string count_text(double count) {
  auto digits = plain_text(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string percent_text(double part) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.6g %%", part * 100);
  return text.data();
}

std::string share_text(double part) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.3g %%", part * 100);
  return part > 0 && part < 1e-5 ? "< 0.001 %" : text.data();
}

std::string share_text(double part, double whole) {
  return whole > 0 ? share_text(part / whole) : no_value;
}

std::string ratio_text(double ratio) {
  const int decimals = ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, ratio);
  return text.data();
}

} // namespace deja::app::load
