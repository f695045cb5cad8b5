#pragma once

#include <cstdint>
#include <vector>

namespace deja::app::load {

/// How often which latency was seen, after HdrHistogram: buckets of equal width within each power
/// of two, so that each is known to 3 significant digits (exactly below 2.048 us). Nanoseconds,
/// from 0 to 60 s; longer ones count as 60 s, but `max` and `mean` know them. Recording takes
/// constant time, and all of it constant memory (216 KiB). Not thread-safe.
class histogram {
public:
  static constexpr std::uint64_t highest = 60'000'000'000;

  histogram();

  void record(std::uint64_t nanoseconds) {
    const auto at = index_of(nanoseconds < highest ? nanoseconds : highest);
    ++counts_[at];
    first_ = at < first_ ? at : first_;
    last_ = at > last_ ? at : last_;
    ++count_;
    sum_ += static_cast<double>(nanoseconds);
    min_ = nanoseconds < min_ ? nanoseconds : min_;
    max_ = nanoseconds > max_ ? nanoseconds : max_;
  }

  /// As if all that `other` has recorded had been recorded here too.
  void merge(const histogram& other);

  void clear();

  std::uint64_t count() const { return count_; }

  /// 0 where nothing was recorded; so with the others.
  std::uint64_t min() const { return count_ == 0 ? 0 : min_; }

  std::uint64_t max() const { return max_; }

  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

  /// The least latency that this share (0 to 1) of all did not exceed: the upper bound of its
  /// bucket, or the maximum where that is less.
  std::uint64_t quantile(double share) const;

  /// Calls `take(upper bound, count)` for each bucket that isn't empty, in rising order.
  template <class Take>
  void each(Take take) const {
    for (auto at = first_; at <= last_; ++at)
      if (counts_[at] != 0)
        take(upper_of(at), counts_[at]);
  }

private:
  static std::uint32_t index_of(std::uint64_t value);
  static std::uint64_t upper_of(std::uint32_t at);

  std::vector<std::uint64_t> counts_;
  std::uint32_t first_, last_; // of the buckets that aren't empty
  std::uint64_t count_ = 0;
  std::uint64_t min_, max_ = 0;
  double sum_ = 0;
};

} // namespace deja::app::load
