#pragma once

#include <deja/messages/error.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace deja::app::load {

/// The version of the documents that `read_run` reads, their member `deja_load`.
inline constexpr int recorded_run_version = 1;

/// What any number in a document may be at most.
inline constexpr double largest_recorded_number = 1e15;

/// How many of something, by name: errors by code, weights by operation.
using named_numbers = std::map<std::string, double>;

double sum(const named_numbers& all);

/// The latencies of some requests, in microseconds.
struct recorded_latency {
  double count = 0;
  double min = 0, mean = 0, max = 0;
  double p50 = 0, p75 = 0, p90 = 0, p99 = 0, p99_9 = 0, p99_99 = 0;
  std::vector<std::pair<double, double>> buckets; ///< Upper bound and count, ascending.
};

/// What happened since the record before it: in a second, or more where a run is long. Latencies in
/// microseconds.
struct recorded_second {
  double t = 0; ///< The end, in seconds since the run's start.
  double due = 0, requests = 0, ok = 0, wrong = 0;
  named_numbers errors;
  double p50 = 0, p90 = 0, p99 = 0, p99_9 = 0, max = 0;
  double bytes_sent = 0, bytes_received = 0;
  double harness_cpu = 0; ///< In cores.
  std::optional<double> service_cpu, service_rss;
};

/// A stretch of the run for which a rate was set, in requests a second.
struct recorded_phase {
  double from = 0, to = 0, achieved = 0;
  std::optional<double> rate; ///< None: as fast as it goes.
};

/// A stretch of the run in which the service was not to be had.
struct recorded_outage {
  double from = 0;
  std::optional<double> to; ///< None: until the end.
  std::string code;
  double requests = 0;
};

struct recorded_violation {
  double t = 0;
  std::string what;
};

/// One rate that was tried in the search for the highest that keeps a goal.
struct recorded_probe {
  double rate = 0, latency = 0;
  bool met = false;
};

struct recorded_goal {
  std::string goal; ///< As `p99=20ms`.
  std::optional<double> limit_rate;
  std::vector<recorded_probe> probes;
};

/// What `deja load --json` says of one run.
struct recorded_run {
  std::string name, started, target;
  std::uint64_t seed = 0;
  bool interrupted = false;

  std::optional<std::string> service;
  bool extension = false;
  std::optional<double> service_pid;

  std::string cpu, kernel, deja;
  double cores = 0;

  named_numbers mix;
  std::string loop, key_distribution, value_size, encoding;
  std::optional<std::string> arrivals;
  double connections = 0, planned_seconds = 0, keys = 0, batch = 0;

  std::vector<recorded_phase> phases;
  double seconds_taken = 0, due = 0, requests = 0, ok = 0, rate = 0, wrong = 0;
  double bytes_sent = 0, bytes_received = 0;
  named_numbers errors;

  std::map<std::string, recorded_latency> latency; ///< By operation; of all as `all`.
  std::vector<recorded_second> seconds;
  double harness_cpu = 0;
  std::optional<double> service_cpu, service_rss;

  std::vector<recorded_outage> outages;
  std::vector<recorded_violation> violations;
  std::vector<std::string> warnings;
  std::optional<recorded_goal> goal;
};

/// The run that a document tells of. Members that it does not know it passes over.
///
/// Errors: invalid_argument with the place in the text where it is no JSON in valid UTF-8, or with
/// the path to the first member that is missing or not as it should be, such as
/// `seconds[3].p50: a number is wanted, not a string`.
result<recorded_run> read_run(std::string_view document);

/// What happened over time in at most `most` stretches of about equal length, each told as its
/// average second: of counts and CPU the mean, of latencies and memory the highest.
std::vector<recorded_second> rates_of(const std::vector<recorded_second>& seconds,
                                      std::size_t most);

} // namespace deja::app::load
