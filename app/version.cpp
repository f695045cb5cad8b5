#include <deja/app/command_line.hpp>
#include <deja/app/commands.hpp>

#include <iostream>

namespace deja::app {

int version_command(int argc, char** argv) {
  CLI::App options{"Prints the version", "deja version"};
  if (auto status = parse(options, argc, argv))
    return *status;
  std::cout << "deja " << DEJA_VERSION << '\n';
  return 0;
}

} // namespace deja::app
