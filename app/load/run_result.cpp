#include <deja/app/load/run_result.hpp>

#include <numeric>

namespace deja::app::load {

void counts::add(const counts& other) {
  due += other.due;
  requests += other.requests;
  unsent += other.unsent;
  ok += other.ok;
  wrong += other.wrong;
  late += other.late;
  calls += other.calls;
  bytes_sent += other.bytes_sent;
  bytes_received += other.bytes_received;
  for (std::size_t at = 0; at < errors.size(); ++at)
    errors[at] += other.errors[at];
}

std::uint64_t counts::failed() const {
  return std::accumulate(errors.begin(), errors.end(), std::uint64_t{0});
}

quantiles quantiles_of(const histogram& of) {
  return {of.quantile(0.5), of.quantile(0.9), of.quantile(0.99), of.quantile(0.999), of.max()};
}

histogram run_result::all_latencies() const {
  histogram merged;
  for (const auto& one : latency)
    if (one)
      merged.merge(*one);
  return merged;
}

} // namespace deja::app::load
