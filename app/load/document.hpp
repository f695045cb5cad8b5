#pragma once

#include <deja/app/load/run_result.hpp>
#include <deja/app/load/settings.hpp>

#include <optional>

namespace deja::app::load {

/// A rate that was tried for a goal.
struct goal_probe {
  double rate = 0;
  bool is_met = false;
  double achieved = 0;       ///< Requests per second.
  std::uint64_t latency = 0; ///< The goal's quantile, in nanoseconds.
};

struct goal_result {
  std::optional<double> limit_rate; ///< None: no rate that was tried keeps the goal.
  std::vector<goal_probe> probes;
};

/// A part of a run as it was carried out, in seconds since its start and requests per second.
struct done_phase {
  double from = 0, to = 0;
  double rate = 0, rate_to = 0; ///< 0: as fast as the connections allowed.
  double achieved = 0;          ///< Requests that were made and ended.
};

/// The plan's phases, with what was achieved in each.
std::vector<done_phase> phases_of(const rate_plan& plan, const run_result& seen);

/// All that is told of a run, but what follows from it.
struct run_document {
  const settings& how;
  const run_result& seen;
  std::vector<done_phase> phases;
  std::string started; ///< RFC 3339.
  bool is_interrupted = false;
  bool has_extension = false;
  std::optional<int> service_pid;
  std::optional<double> service_cpu; ///< Over the whole run, in cores.
  std::optional<goal_result> goal;
};

/// What in the run says something else than the service's limit, a sentence each.
std::vector<std::string> warnings_of(const run_document& run);

/// The run as one JSON object.
std::string to_json(const run_document& run);

/// The run as a table for people.
std::string to_text(const run_document& run);

} // namespace deja::app::load
