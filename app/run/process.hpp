#pragma once

#include <deja/app/run/environment.hpp>
#include <deja/app/run/recording.hpp>

#include <chrono>
#include <filesystem>

#include <csignal>

namespace deja::run {

/// A command to run.
struct process_config {
  std::filesystem::path executable;
  std::vector<std::string> arguments; ///< The command line, its name first.
  variables environment;
  int standard_input = -1; ///< A file_descriptor to read from; -1: /dev/null.

  /// How long its streams may stay open after it has ended, by processes it left behind.
  std::chrono::nanoseconds grace = std::chrono::seconds{1};
};

/// How a command ended.
struct process_end {
  int status = 0;         ///< As a shell has it: the exit status, or 128 + the signal's number.
  bool complete = true;   ///< All that was said was heard and passed on.
  std::string incomplete; ///< Why not.
};

/// Runs the command with umask 022, in this process' folder and process group. What it says goes
/// through live to our own standard output and error, and into `said`. Signals that would end us
/// (HUP, INT, QUIT, TERM, USR1, USR2) go to the command instead, until it ends; those from the
/// terminal reach it by themselves. If this process is killed the command is killed as well.
/// Errors: not_found and permission_denied where it can't be executed, resource_exhausted.
///
/// Only one at a time in a process, which ignores SIGPIPE from then on. Other threads must have
/// these signals and CHLD blocked.
result<process_end> run_process(const process_config& config, recording& said);

/// While it lives, threads that are made take no signals of those that `run_process` passes on.
class signals_blocked {
public:
  signals_blocked();
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;
  ~signals_blocked();

private:
  sigset_t before_{};
};

} // namespace deja::run
