#include <deja/app/load/axis.hpp>
#include <deja/app/load/quantity.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace deja::app::load {

namespace {

constexpr double most_steps = 6;

/// The smallest of 1, 2 and 5 times a power of ten that is at least `value`; that power is at least
/// `value` divided by ten.
double round_up(double value) {
  const double power = std::pow(10, std::floor(std::log10(value) + 1e-9));
  for (const double digit : {1., 2., 5.})
    if (digit * power >= value * (1 - 1e-9))
      return digit * power;
  return 10 * power;
}

double round_down(double value) {
  const double power = std::pow(10, std::floor(std::log10(value) + 1e-9));
  for (const double digit : {5., 2.})
    if (digit * power <= value * (1 + 1e-9))
      return digit * power;
  return power;
}

double step_of_time(double last) {
  static constexpr std::array steps{1.,   2.,   5.,    10.,   15.,   30.,    60.,    120.,  300.,
                                    600., 900., 1800., 3600., 7200., 10800., 21600., 43200.};
  const auto found = std::ranges::lower_bound(steps, last / most_steps);
  return found == steps.end() ? 86400 * round_up(last / most_steps / 86400) : *found;
}

} // namespace

axis axis::linear(double highest, label text) {
  const double most = highest > 0 ? highest : 1;
  const double step = round_up(most / 5);
  const double steps = std::ceil(most * 1.02 / step);
  axis made{scale::linear, 0, steps * step};
  for (double at = 0; at <= steps; ++at)
    made.ticks_.push_back({at * step, text(at * step)});
  return made;
}

axis axis::time(double last) {
  axis made{scale::linear, 0, std::max(last, 1.)};
  const double step = step_of_time(made.to_);
  for (int at = 0; at * step <= made.to_; ++at)
    made.ticks_.push_back({at * step, at == 0 ? "0" : time_text(at * step)});
  return made;
}

axis axis::logarithmic(std::span<const double> values, label text) {
  double least = 0, most = 0;
  for (const double value : values)
    if (value > 0) {
      least = least == 0 ? value : std::min(least, value);
      most = std::max(most, value);
    }
  if (most == 0)
    least = most = 1;
  const double from = round_down(least);
  const double to = std::max(round_up(most), 2 * from);
  axis made{scale::logarithmic, std::log10(from), std::log10(to)};
  const double decades = made.to_ - made.from_;
  const double every = std::max(1., std::ceil(decades / most_steps));
  const auto digits = decades > 2.5 ? std::vector{1.} : std::vector{1., 2., 5.};
  for (double power = std::floor(made.from_); power <= made.to_ + 1e-9; power += every)
    for (const double digit : digits)
      if (const double at = digit * std::pow(10, power);
          at >= from * (1 - 1e-9) && at <= to * (1 + 1e-9))
        made.ticks_.push_back({at, text(at)});
  return made;
}

axis axis::percentiles(double highest) {
  axis made{scale::percentiles, 0, std::clamp(-std::log10(1 - highest), 2., 7.)};
  for (double nines = 0; nines <= made.to_ + 1e-9; ++nines) {
    const double part = 1 - std::pow(10, -nines);
    const auto label = percent_text(part);
    made.ticks_.push_back({part, label.substr(0, label.find(' '))});
  }
  return made;
}

double axis::scaled(double value) const {
  switch (how_) {
  case scale::linear:
    return value;
  case scale::logarithmic:
    return std::log10(value);
  case scale::percentiles:
    return 0 - std::log10(1 - value); // of nothing zero, not its negative
  }
  return value;
}

double axis::place(double value) const {
  return std::clamp((scaled(value) - from_) / (to_ - from_), 0., 1.);
}

bool axis::shows(double value) const {
  return std::isfinite(scaled(value));
}

} // namespace deja::app::load
