#include <deja/app/commands.hpp>

#include <google/protobuf/stubs/logging.h>

#include <array>
#include <iostream>
#include <string_view>

namespace {

struct command {
  std::string_view name;
  std::string_view summary;
  int (*run)(int argc, char** argv);
};

constexpr auto commands = std::to_array<command>({
    {"run", "run a command, or hand out what it made before", deja::app::run_command},
    {"serve", "serve a cache to many executors", deja::app::serve_command},
    {"demo", "carry out a workflow of real tasks, and remember each", deja::app::demo_command},
    {"get", "print an entry's output", deja::app::get_command},
    {"put", "put an entry", deja::app::put_command},
    {"rm", "delete entries", deja::app::rm_command},
    {"show", "tell all about an entry", deja::app::show_command},
    {"ls", "list entries", deja::app::ls_command},
    {"reservations", "list who computes what", deja::app::reservations_command},
    {"stats", "count what there is", deja::app::stats_command},
    {"gc", "remove what has expired and what nobody uses", deja::app::gc_command},
    {"healthcheck", "ask a service whether it can serve", deja::app::healthcheck_command},
    {"key", "make cache keys, the same as Flyte's client", deja::app::key_command},
    {"load", "put a service under load, check its answers, measure", deja::app::load_command},
    {"version", "print the version", deja::app::version_command},
});

void print_usage(std::ostream& out) {
  out << "Deja remembers what commands and tasks have computed.\n\n"
         "usage: deja COMMAND [OPTIONS]\n\ncommands:\n";
  for (const auto& known : commands)
    out << "  " << known.name << std::string(14 - known.name.size(), ' ') << known.summary << '\n';
  out << "\n`deja COMMAND --help` tells more.\n";
}

} // namespace

int main(int argc, char** argv) {
  google::protobuf::SetLogHandler(nullptr); // what is wrong with a message is ours to tell
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h" || name == "help") {
    print_usage(std::cout);
    return 0;
  }
  if (name == "--version")
    return deja::app::version_command(1, argv);
  for (const auto& known : commands)
    if (known.name == name)
      return known.run(argc - 1, argv + 1);
  if (name.empty())
    print_usage(std::cerr);
  else
    std::cerr << "deja: there is no command \"" << name << "\"; see `deja --help`\n";
  return 2;
}
