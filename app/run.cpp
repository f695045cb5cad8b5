#include <deja/app/commands.hpp>
#include <deja/app/run/invocation.hpp>

namespace deja::app {

int run_command(int argc, char** argv) {
  auto asked = run::parse_options(argc, argv);
  if (const int* status = std::get_if<int>(&asked))
    return *status;
  return run::invocation{std::get<run::options>(std::move(asked))}.run();
}

} // namespace deja::app
