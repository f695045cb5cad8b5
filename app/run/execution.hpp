#pragma once

#include <deja/app/run/process.hpp>
#include <deja/app/run/report.hpp>

namespace deja::run {

/// A command, ready to run any number of times.
struct command_plan {
  process_config process;
  std::vector<std::filesystem::path> places; ///< Of its outputs.
};

/// A command that has run.
struct execution {
  process_end end;
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
