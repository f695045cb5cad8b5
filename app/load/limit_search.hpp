#pragma once

#include <deja/app/load/collector.hpp>
#include <deja/app/load/document.hpp>

#include <functional>

namespace deja::app::load {

/// Which rate is tried next: halves the span between the highest rate that has kept a goal and the
/// lowest that has not, until it is narrow.
class limit_search {
public:
  /// No rate above `most` keeps it.
  explicit limit_search(double most) : most_(most) {}

  /// None: the limit is known.
  std::optional<double> next() const;

  void tell(double rate, bool is_met);

  /// The highest rate that has kept the goal.
  std::optional<double> limit() const;

  static constexpr unsigned most_tries = 12;

private:
  double met_ = 0, most_;
  unsigned tries_ = 0;
};

/// How long `find_limit` may take, in seconds.
double longest_search(const settings& how);

/// Looks for the highest rate that keeps the goal: first as fast as the connections allow, then at
/// rates below that, each for `probe_length`. A rate is kept where the goal is, nothing failed, and
/// nearly all that was due was made, which must be something. Adds what was done to `phases`.
goal_result find_limit(const settings& how, collector& seen, const std::atomic<bool>& is_stopped,
                       const std::function<void(const rate_plan&)>& carry_out,
                       std::vector<done_phase>& phases);

} // namespace deja::app::load
