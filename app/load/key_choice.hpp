#pragma once

#include <deja/app/load/random.hpp>
#include <deja/messages/error.hpp>

namespace deja::app::load {

/// Which of the keys 0 to N-1 is asked for next: each as often (`uniform`), or key n with a
/// likelihood that falls as 1/(n+1)^s (`zipf:S`).
class key_choice {
public:
  /// `text` is `uniform` or `zipf:S` with S above 0 and at most 10; invalid_argument else.
  static result<key_choice> parse(const std::string& text, std::uint64_t keys);

  std::uint64_t operator()(random_source& random) const;

private:
  key_choice(std::uint64_t keys, double exponent);

  double integral(double x) const;
  double inverse(double area) const;
  double height(double x) const;

  std::uint64_t keys_;
  double exponent_; // 0: uniform

  // Rejection-inversion after Hörmann and Derflinger, "Rejection-inversion to generate variates
  // from monotone discrete distributions" (1996): constant time and memory for any number of keys.
  double first_ = 0, last_ = 0, sure_ = 0;
};

} // namespace deja::app::load
