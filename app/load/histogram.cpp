#include <deja/app/load/histogram.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace deja::app::load {

namespace {

// Values below 2^11 have a bucket each; each further power of two has 2^10.
constexpr int exact_bits = 11;
constexpr std::uint32_t half = 1U << (exact_bits - 1);
constexpr std::uint32_t size =
    (static_cast<std::uint32_t>(std::bit_width(histogram::highest)) - exact_bits + 2) * half;

} // namespace

std::uint32_t histogram::index_of(std::uint64_t value) {
  const auto shift = std::max(static_cast<int>(std::bit_width(value)) - exact_bits, 0);
  return static_cast<std::uint32_t>(shift) * half + static_cast<std::uint32_t>(value >> shift);
}

std::uint64_t histogram::upper_of(std::uint32_t at) {
  const auto shift = at < 2 * half ? 0 : at / half - 1;
  return ((std::uint64_t{at - shift * half} + 1) << shift) - 1;
}

histogram::histogram() : counts_(size) {
  clear();
}

void histogram::clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  first_ = size;
  last_ = 0;
  count_ = 0;
  min_ = std::numeric_limits<std::uint64_t>::max();
  max_ = 0;
  sum_ = 0;
}

void histogram::merge(const histogram& other) {
  for (auto at = other.first_; at <= other.last_; ++at)
    counts_[at] += other.counts_[at];
  first_ = std::min(first_, other.first_);
  last_ = std::max(last_, other.last_);
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

std::uint64_t histogram::quantile(double share) const {
  const auto wanted = std::max<std::uint64_t>(
      static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_) - 1e-9)), 1);
  std::uint64_t seen = 0;
  for (auto at = first_; at <= last_; ++at) {
    seen += counts_[at];
    if (seen >= wanted)
      return std::min(upper_of(at), max_);
  }
  return max_;
}

} // namespace deja::app::load
