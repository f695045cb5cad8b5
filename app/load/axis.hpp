#pragma once

#include <span>
#include <string>
#include <vector>

namespace deja::app::load {

struct axis_tick {
  double at;
  std::string label;
};

/// What a plot's axis shows: a range of values, and where on it a value lies.
class axis {
public:
  using label = std::string (*)(double);

  /// From zero to a round number that is at least `highest`.
  static axis linear(double highest, label text);

  /// From zero to `last` seconds, in steps of a clock.
  static axis time(double last);

  /// Powers of ten between round numbers around all positive `values`.
  static axis logarithmic(std::span<const double> values, label text);

  /// Parts of a whole, from none towards all: each step leaves a tenth of the rest. A value is such
  /// a part, a label its percentage.
  static axis percentiles(double highest);

  /// From 0 to 1; of what lies outside, the nearest end.
  double place(double value) const;

  /// Whether it can be shown: on a logarithmic axis zero can't.
  bool shows(double value) const;

  const std::vector<axis_tick>& ticks() const { return ticks_; }

private:
  enum class scale { linear, logarithmic, percentiles };

  axis(scale how, double from, double to) : how_(how), from_(from), to_(to) {}

  double scaled(double value) const;

  scale how_;
  double from_, to_; ///< Scaled.
  std::vector<axis_tick> ticks_;
};

} // namespace deja::app::load
