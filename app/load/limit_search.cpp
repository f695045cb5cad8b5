#include <deja/app/load/limit_search.hpp>

namespace deja::app::load {

namespace {

// The limit is known to this share of itself.
constexpr double narrow = 0.03;

// What must be made of what is due.
constexpr double met = 0.98;

} // namespace

std::optional<double> limit_search::next() const {
  if (tries_ == most_tries || most_ - met_ <= narrow * most_)
    return std::nullopt;
  return (met_ + most_) / 2;
}

void limit_search::tell(double rate, bool is_met) {
  ++tries_;
  (is_met ? met_ : most_) = rate;
}

std::optional<double> limit_search::limit() const {
  return met_ > 0 ? std::optional{met_} : std::nullopt;
}

double longest_search(const settings& how) {
  return (1 + limit_search::most_tries) * how.probe_length;
}

goal_result find_limit(const settings& how, collector& seen, const std::atomic<bool>& is_stopped,
                       const std::function<void(const rate_plan&)>& carry_out,
                       std::vector<done_phase>& phases) {
  goal_result found;
  const auto& goal = *how.goal;
  const auto attempt = [&](double rate) {
    const auto from = phases.empty() ? 0 : seen.since_start(steady::now());
    carry_out(rate_plan{{{how.probe_length, rate, rate}}});
    const auto to = seen.ended();
    const auto part = seen.take_part();
    const auto achieved = static_cast<double>(part.all.made()) / (to - from);
    phases.push_back({from, to, rate, rate, achieved});
    if (rate == 0)
      return achieved;
    const auto latency = part.latency.quantile(goal.share);
    const bool is_met =
        latency <= static_cast<std::uint64_t>(goal.latency.count()) && part.all.failed() == 0 &&
        part.all.wrong == 0 && part.all.requests > 0 &&
        static_cast<double>(part.all.requests) >= met * static_cast<double>(part.all.due);
    found.probes.push_back({rate, is_met, achieved, latency});
    return achieved;
  };
  limit_search search{attempt(0)};
  for (auto rate = search.next(); rate && !is_stopped; rate = search.next()) {
    attempt(*rate);
    if (is_stopped)
      found.probes.pop_back(); // it was cut short
    else
      search.tell(*rate, found.probes.back().is_met);
  }
  found.limit_rate = search.limit();
  return found;
}

} // namespace deja::app::load
