#include <deja/app/command_line.hpp>
#include <deja/app/commands.hpp>
#include <deja/app/key_file.hpp>
#include <deja/app/key_line.hpp>
#include <deja/app/key_text.hpp>

#include <iostream>

namespace deja::app {

namespace {

constexpr int wrong_usage = 2;

int finish(int status) {
  if (!std::cout.flush())
    return fail({errc::unavailable, "cannot write to standard output"});
  return status;
}

int answer_lines() {
  std::ios::sync_with_stdio(false);
  // Standard input stays tied to standard output: who waits for one answer before the next line
  // gets it.
  for (std::string line; std::cout && std::getline(std::cin, line);)
    std::cout << answer_key_line(line) << '\n';
  if (std::cin.bad())
    return fail({errc::unavailable, "cannot read the lines from standard input"});
  return finish(0);
}

result<key_parts> take_apart_file(const std::string& file) {
  const auto key = read_key_file(file);
  if (!key)
    return key.error();
  auto parts = take_apart(*key);
  if (!parts)
    return within("\"" + file + "\"", parts.error());
  return parts;
}

int show(const std::string& file, bool json) {
  const auto parts = take_apart_file(file);
  if (!parts)
    return fail(parts.error());
  std::cout << (json ? to_json(*parts) : to_text(*parts));
  return finish(0);
}

int show_differences(const std::vector<std::string>& files, bool json) {
  const auto left = take_apart_file(files[0]);
  if (!left)
    return fail(left.error(), wrong_usage);
  const auto right = take_apart_file(files[1]);
  if (!right)
    return fail(right.error(), wrong_usage);
  const auto told = compare(*left, *right, files[0], files[1]);
  std::cout << (json ? to_json(told, *left, *right) : to_text(told, *left, *right));
  return finish(left->key == right->key ? 0 : 1);
}

} // namespace

int key_command(int argc, char** argv) {
  CLI::App options{"Makes cache keys, the same as Flyte's client", "deja key"};
  bool lines = false, json = false;
  std::string file;
  std::vector<std::string> two;
  options.footer(
      "A task file is a JSON object with identifier, interface and inputs (Flyte's "
      "messages in proto3 JSON), cache_version and cache_ignore_input_vars. --diff exits "
      "with 0 where both have the same key, with 1 where not.");
  options.add_option("TASK", file, "Task file: show each part of its key and what went into it");
  options.add_option("--diff", two, "Name the parts and inputs in which two task files differ")
      ->expected(2)
      ->type_name("A B");
  options.add_flag("--json", json, "Print JSON, for TASK and --diff");
  options.add_flag("--jsonl", lines,
                   "Read a JSON object a line from standard input, with identifier, interface and "
                   "inputs (messages in base64), cache_ignore_input_vars and cache_version; write "
                   "{\"key\":…} or {\"error\":…,\"code\":…} for each");
  if (auto status = parse(options, argc, argv))
    return *status;
  if ((lines ? 1 : 0) + (file.empty() ? 0 : 1) + (two.empty() ? 0 : 1) != 1 || (lines && json))
    return fail({errc::invalid_argument, "one of TASK, --diff A B and --jsonl is wanted, --json "
                                         "only with the first two; see `deja key --help`"},
                wrong_usage);
  if (lines)
    return answer_lines();
  return two.empty() ? show(file, json) : show_differences(two, json);
}

} // namespace deja::app
