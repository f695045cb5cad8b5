#pragma once

#include <deja/app/run/process.hpp>
#include <deja/app/run/report.hpp>

namespace deja::run {

/// A command, ready to run any number of times.
struct command_plan {
  process_config process;
  std::vector<std::filesystem::path> places;    ///< Of its outputs.
  std::optional<std::filesystem::path> depfile; ///< Removed before it runs, as the outputs are.
  /// It begins when `kernel_time` is past this moment of the wall clock, so that what was changed
  /// until then can be told from what is changed while it runs.
  wall_time after{};
};

/// A command that has run.
struct execution {
  process_end end;
  wall_time began{}; ///< By `kernel_time`; where the clock was set back meanwhile, by as much.
  duration took{};
  recording said;
};

/// Removes what lies at the outputs' places, then runs the command. Errors: those of `run_process`,
/// and failed_precondition where an old output can't be removed.
result<execution> execute(const command_plan& plan);

/// The status of a command that could not be run: 127 not found, 126 not executable, as a shell has
/// it; else 125.
int status_of(const error& why);

} // namespace deja::run
