#pragma once

#include <deja/messages/error.hpp>

namespace deja::app::load {

/// How long the values are: `fixed:N`, `uniform:A:B` or `lognormal:MEDIAN:SIGMA` (of the natural
/// logarithm), in bytes from 1 to 1,000,000.
class value_sizes {
public:
  static constexpr double longest = 1e6;

  /// invalid_argument where `text` is none of these.
  static result<value_sizes> parse(const std::string& text);

  /// The size that well-mixed bits stand for; always the same.
  std::size_t of(std::uint64_t bits) const;

private:
  enum class kind { fixed, uniform, lognormal };

  value_sizes(kind which, double first, double second)
      : kind_(which), first_(first), second_(second) {}

  kind kind_;
  double first_, second_;
};

} // namespace deja::app::load
