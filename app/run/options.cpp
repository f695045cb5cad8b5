#include <deja/app/command_line.hpp>
#include <deja/app/run/environment.hpp>
#include <deja/app/run/options.hpp>

#include <cstdlib>
#include <string_view>

namespace deja::run {

namespace {

struct durations {
  std::string max_age, wait_timeout;
};

void declare(CLI::App& app, options& into, durations& spans) {
  const auto each = [&](const char* flag, std::vector<std::string>& values, const char* help) {
    return app.add_option(flag, values, help)->allow_extra_args(false);
  };
  app.footer("The command follows behind `--`, or is the first word that is no option.");
  auto* server = app.add_option("--server", into.server, "URL of a cache service [DEJA_SERVER]");
  app.add_option("--data", into.data, "data folder [DEJA_DATA; default: the user's cache folder]")
      ->excludes(server);
  app.add_option("--store", into.store, "URL of the blob store that takes the contents");
  app.add_option("--index", into.index, "sqlite:PATH, an index outside of the data folder")
      ->excludes(server);
  app.add_option("--name", into.name, "name of the entry [default: the command's base name]");
  app.add_option("--cache-version", into.cache_version, "part of the key, for you to change");
  each("-i,--input", into.inputs, "file or folder that the command reads")->type_name("PATH");
  each("-o,--output", into.outputs, "file or folder that the command makes")->type_name("PATH");
  each("-e,--env", into.keyed_variables, "variable whose value counts")->type_name("VAR");
  each("--pass", into.passed_variables, "variable the command may see that doesn't count")
      ->type_name("VAR");
  each("--tool", into.tools, "another file whose content counts, as an input's does")
      ->type_name("PATH");
  app.add_option("--depfile", into.depfile,
                 "file in which the command tells, in make's syntax, what else it read")
      ->type_name("PATH");
  app.add_flag("--stdin", into.standard_input, "the command reads standard input");
  app.add_option("--root", into.root, "checkouts that differ only above this folder share");
  app.add_option("--platform", into.platform, "instead of architecture and distribution");
  app.add_option("--max-age", spans.max_age, "older entries are misses")->type_name("DURATION");
  auto* refresh = app.add_flag("--refresh", into.refresh, "compute, and replace the entry");
  app.add_flag("--read-only", into.read_only, "never store");
  app.add_flag("--verify", into.verify, "compute even on a hit, and compare; 1 where they differ")
      ->excludes(refresh);
  app.add_flag("--explain", into.explain, "say hit or miss, and why");
  app.add_flag("--no-wait", into.no_wait, "compute beside another that computes the same");
  app.add_option("--wait-timeout", spans.wait_timeout, "wait for another no longer than this")
      ->type_name("DURATION");
  app.add_flag("--require-cache", into.require_cache, "fail where the cache is out of reach");
  app.add_option("--report", into.report, "append a line of JSON to this file")->type_name("FILE");
}

/// Where the command begins: behind the first `--`, else at the first word that is neither an
/// option nor an option's value.
std::size_t begin_of_command(const CLI::App& app, const std::vector<std::string>& words,
                             bool& dashes) {
  std::size_t at = 1;
  for (; at < words.size(); ++at) {
    const auto& word = words[at];
    dashes = word == "--";
    if (dashes || word.size() < 2 || word.front() != '-')
      break;
    const auto* option = app.get_option_no_throw(word);
    if (option && option->get_items_expected_max() > 0)
      ++at;
  }
  return std::min(at, words.size());
}

result<void> complete(options& given, const durations& spans) {
  if (given.command.empty())
    return error{errc::invalid_argument, "which command? deja run [OPTIONS] -- COMMAND"};
  if (!spans.max_age.empty()) {
    auto age = app::parse_duration(spans.max_age);
    if (!age || *age <= duration::zero())
      return age ? error{errc::invalid_argument, "--max-age must be more than nothing"}
                 : within("--max-age", age.error());
    // What is compared may be of any age.
    given.max_age = given.verify ? duration::zero() : *age;
  }
  if (!spans.wait_timeout.empty()) {
    auto timeout = app::parse_duration(spans.wait_timeout);
    if (!timeout)
      return within("--wait-timeout", timeout.error());
    given.wait_timeout = *timeout;
  }
  for (const auto* names : {&given.keyed_variables, &given.passed_variables})
    for (const auto& name : *names)
      if (auto fine = check_variable_name(name); !fine)
        return fine;
  constexpr std::size_t longest_version = 512;
  if (given.cache_version.size() > longest_version)
    return error{errc::invalid_argument, "--cache-version has " +
                                             std::to_string(given.cache_version.size()) +
                                             " bytes; the limit is 512"};
  for (const char letter : given.cache_version)
    if (letter < ' ' || letter > '~')
      return error{errc::invalid_argument, "--cache-version takes printable ASCII only"};
  if (given.data.empty() && given.index.empty())
    app::stand_in(given.server, "DEJA_SERVER");
  app::stand_in(given.data, "DEJA_DATA");
  app::stand_in(given.token_file, "DEJA_TOKEN_FILE");
  return {};
}

} // namespace

std::variant<options, int> parse_options(int argc, char** argv) {
  options given;
  durations spans;
  CLI::App app{"Runs a command, or hands out what it made the last time", "deja run"};
  declare(app, given, spans);
  std::vector<std::string> words{argv, argv + argc};
  words.at(0) = "deja run";
  bool dashes = false;
  const auto begin = begin_of_command(app, words, dashes);
  std::vector<char*> own;
  for (std::size_t at = 0; at < begin; ++at)
    own.push_back(words[at].data());
  if (auto status = app::parse(app, static_cast<int>(own.size()), own.data(), own_failure))
    return *status;
  const auto first = words.begin() + static_cast<std::ptrdiff_t>(begin) + (dashes ? 1 : 0);
  given.command.assign(first, words.end());
  if (auto fine = complete(given, spans); !fine)
    return app::fail(fine.error(), own_failure);
  return given;
}

} // namespace deja::run
