#include <deja/app/commands.hpp>
#include <deja/app/run/invocation.hpp>

#include <csignal>

namespace deja::app {

int run_command(int argc, char** argv) {
  auto parsed = run::parse_options(argc, argv);
  if (const auto* status = std::get_if<int>(&parsed))
    return *status;
  // A write to a stream that nobody reads says so itself; see process.hpp for the command.
  std::signal(SIGPIPE, SIG_IGN);
  return run::invocation{std::move(std::get<run::options>(parsed))}.run();
}

} // namespace deja::app
