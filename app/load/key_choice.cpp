#include <deja/app/load/key_choice.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace deja::app::load {

namespace {

constexpr double small = 1e-8;

// log(1 + x) / x
double log_ratio(double x) {
  return std::abs(x) > small ? std::log1p(x) / x : 1 - x / 2;
}

// (e^x - 1) / x
double exp_ratio(double x) {
  return std::abs(x) > small ? std::expm1(x) / x : 1 + x / 2;
}

} // namespace

result<key_choice> key_choice::parse(const std::string& text, std::uint64_t keys) {
  if (text == "uniform")
    return key_choice{keys, 0};
  constexpr std::string_view zipf = "zipf:";
  double exponent = 0;
  if (text.starts_with(zipf)) {
    const auto* end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data() + zipf.size(), end, exponent);
    if (problem == std::errc{} && rest == end && exponent > 0 && exponent <= 10)
      return key_choice{keys, exponent};
  }
  return error{errc::invalid_argument,
               '"' + text +
                   "\" is no distribution of keys: uniform or zipf:S with S above 0 and at most "
                   "10 is wanted, as in zipf:0.99"};
}

key_choice::key_choice(std::uint64_t keys, double exponent) : keys_(keys), exponent_(exponent) {
  if (exponent == 0)
    return;
  first_ = integral(1.5) - 1;
  last_ = integral(static_cast<double>(keys) + 0.5);
  sure_ = 2 - inverse(integral(2.5) - height(2));
}

double key_choice::integral(double x) const {
  const auto log = std::log(x);
  return exp_ratio((1 - exponent_) * log) * log;
}

double key_choice::inverse(double area) const {
  return std::exp(log_ratio(std::max(area * (1 - exponent_), -1.0)) * area);
}

double key_choice::height(double x) const {
  return std::exp(-exponent_ * std::log(x));
}

std::uint64_t key_choice::operator()(random_source& random) const {
  if (exponent_ == 0)
    return random.below(keys_);
  for (;;) {
    const auto area = last_ + random.uniform() * (first_ - last_);
    const auto x = inverse(area);
    const auto rank = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(keys_));
    if (rank - x <= sure_ || area >= integral(rank + 0.5) - height(rank))
      return static_cast<std::uint64_t>(rank) - 1;
  }
}

} // namespace deja::app::load
