#include <deja/app/command_line.hpp>
#include <deja/app/commands.hpp>
#include <deja/app/key_line.hpp>

#include <iostream>

namespace deja::app {

int key_command(int argc, char** argv) {
  CLI::App options{"Makes cache keys, the same as Flyte's client", "deja key"};
  bool lines = false;
  options
      .add_flag("--jsonl", lines,
                "Read a JSON object a line from standard input, with identifier, interface and "
                "inputs (messages in base64), cache_ignore_input_vars and cache_version; write "
                "{\"key\":…} or {\"error\":…,\"code\":…} for each")
      ->required();
  if (auto status = parse(options, argc, argv))
    return *status;
  std::ios::sync_with_stdio(false);
  // Standard input stays tied to standard output: who waits for one answer before the next line
  // gets it.
  for (std::string line; std::cout && std::getline(std::cin, line);)
    std::cout << answer_key_line(line) << '\n';
  if (!std::cout.flush())
    return fail({errc::unavailable, "cannot write the keys to standard output"});
  if (std::cin.bad())
    return fail({errc::unavailable, "cannot read the lines from standard input"});
  return 0;
}

} // namespace deja::app
