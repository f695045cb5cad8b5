#pragma once

#include <cstdint>

namespace deja::app::load {

/// Well-mixed bits of a number (the finalizer of SplitMix64).
constexpr std::uint64_t mixed(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

/// SplitMix64: quick, small, the same numbers for the same seed everywhere.
class random_source {
public:
  explicit random_source(std::uint64_t seed) : state_(mixed(seed)) {}

  std::uint64_t next() { return mixed(state_ += 0x9e3779b97f4a7c15); }

  /// In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// In [0, limit), for a limit below 2^53.
  std::uint64_t below(std::uint64_t limit) {
    return static_cast<std::uint64_t>(uniform() * static_cast<double>(limit));
  }

private:
  std::uint64_t state_;
};

} // namespace deja::app::load
