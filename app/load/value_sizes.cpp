#include <deja/app/load/value_sizes.hpp>

#include <deja/app/load/random.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>

namespace deja::app::load {

namespace {

/// The numbers after `name` and colons, if that is what the text is.
std::optional<std::vector<double>> numbers_after(std::string_view text, std::string_view name,
                                                 std::size_t count) {
  if (!text.starts_with(name))
    return std::nullopt;
  text.remove_prefix(name.size());
  std::vector<double> numbers;
  while (!text.empty()) {
    double number = 0;
    if (text.front() != ':')
      return std::nullopt;
    const auto* end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data() + 1, end, number);
    if (problem != std::errc{})
      return std::nullopt;
    numbers.push_back(number);
    text = {rest, static_cast<std::size_t>(end - rest)};
  }
  if (numbers.size() != count)
    return std::nullopt;
  return numbers;
}

bool is_size(double number) {
  return number >= 1 && number <= value_sizes::longest && number == std::floor(number);
}

double uniform(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

} // namespace

result<value_sizes> value_sizes::parse(const std::string& text) {
  if (const auto n = numbers_after(text, "fixed", 1); n && is_size(n->front()))
    return value_sizes{kind::fixed, n->front(), 0};
  if (const auto n = numbers_after(text, "uniform", 2);
      n && is_size((*n)[0]) && is_size((*n)[1]) && (*n)[0] <= (*n)[1])
    return value_sizes{kind::uniform, (*n)[0], (*n)[1]};
  if (const auto n = numbers_after(text, "lognormal", 2);
      n && is_size((*n)[0]) && (*n)[1] >= 0 && (*n)[1] <= 10)
    return value_sizes{kind::lognormal, (*n)[0], (*n)[1]};
  return error{errc::invalid_argument,
               '"' + text +
                   "\" is no distribution of sizes: fixed:N, uniform:A:B or lognormal:MEDIAN:SIGMA "
                   "is wanted, sizes from 1 to 1000000 bytes, SIGMA from 0 to 10"};
}

std::size_t value_sizes::of(std::uint64_t bits) const {
  switch (kind_) {
  case kind::fixed:
    break;
  case kind::uniform:
    return static_cast<std::size_t>(first_ + std::floor(uniform(bits) * (second_ - first_ + 1)));
  case kind::lognormal: {
    // Box and Muller.
    const auto radius = std::sqrt(-2 * std::log1p(-uniform(bits)));
    const auto normal = radius * std::cos(2 * std::numbers::pi * uniform(mixed(bits + 1)));
    return static_cast<std::size_t>(
        std::clamp(std::round(first_ * std::exp(second_ * normal)), 1.0, longest));
  }
  }
  return static_cast<std::size_t>(first_);
}

} // namespace deja::app::load
