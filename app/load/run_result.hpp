#pragma once

#include <deja/app/load/histogram.hpp>
#include <deja/app/load/operation.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace deja::app::load {

/// By Connect's code; a failed request counts once.
using error_counts = std::array<std::uint64_t, 17>;

/// Counts of a span of time.
struct counts {
  std::uint64_t due = 0;      ///< In a closed loop: begun.
  std::uint64_t requests = 0; ///< Ended, in whatever way.
  std::uint64_t unsent = 0;   ///< Of these: failed without having been sent.
  std::uint64_t ok = 0;       ///< Answered as they must be.
  std::uint64_t wrong = 0;    ///< Answered as they must not be.
  std::uint64_t late = 0;     ///< Sent over 1 ms late, though a connection was free.
  std::uint64_t calls = 0;    ///< HTTP requests that were answered.
  std::uint64_t bytes_sent = 0, bytes_received = 0;
  error_counts errors{};

  void add(const counts& other);
  std::uint64_t failed() const;

  std::uint64_t made() const { return requests - unsent; }
};

/// Of latencies, in nanoseconds.
struct quantiles {
  std::uint64_t p50 = 0, p90 = 0, p99 = 0, p99_9 = 0, max = 0;
};

quantiles quantiles_of(const histogram& of);

/// One second of a run, or more where the run is long.
struct second {
  double end = 0; ///< Seconds since the start.
  counts all;
  quantiles latency;
  double harness_cpu = 0;              ///< In cores.
  std::optional<double> service_cpu{}; ///< None where the service is not local.
  std::optional<std::uint64_t> service_rss{};
};

/// A time in which the service could not be reached.
struct outage {
  double from = 0;
  std::optional<double> to; ///< None: it did not come back.
  errc code = errc::unavailable;
  std::uint64_t requests = 0; ///< That failed for it.
};

struct violation {
  double at = 0;
  std::string what;
};

/// What a run has seen. Its memory does not grow with its length.
struct run_result {
  counts all;
  double duration = 0; ///< Seconds, from the start to the last answer.
  std::array<std::unique_ptr<histogram>, operation_count> latency; ///< Null: it did not occur.
  std::vector<second> seconds;
  double interval = 1; ///< Between two of them.
  std::vector<outage> outages;
  std::vector<violation> violations;
  std::array<std::string, 17> first_texts; ///< Of the errors, by their code.
  double busiest_thread = 0; ///< The share of a core that a thread used in an interval, at most.

  histogram all_latencies() const;
};

} // namespace deja::app::load
