#include <deja/app/command_line.hpp>
#include <deja/app/commands.hpp>
#include <deja/app/load/async_load.hpp>
#include <deja/app/load/document.hpp>
#include <deja/app/load/engine.hpp>
#include <deja/app/load/limit_search.hpp>
#include <deja/app/load/live_view.hpp>
#include <deja/app/load/local_service.hpp>
#include <deja/app/load/options.hpp>
#include <deja/app/load/probe.hpp>
#include <deja/app/load/report.hpp>
#include <deja/app/load/scenario.hpp>
#include <deja/app/plain_text.hpp>
#include <deja/app/print_message.hpp>
#include <deja/app/read_file.hpp>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <sys/resource.h>

namespace deja::app {

namespace {

using namespace load;
using namespace std::chrono_literals;

constexpr int interrupted_status = 130;

std::atomic<bool> is_interrupted = false;

extern "C" void on_interrupt(int signal) {
  is_interrupted = true;
  std::signal(signal, SIG_DFL); // the next one ends it at once
}

struct command_options {
  load_options asked;
  std::string scenario, history, output, report;
  std::vector<std::string> compared;
  bool json = false, quiet = false, yes_remote = false;
};

std::optional<int> parse_options(command_options& into, int argc, char** argv) {
  CLI::App app{"Puts a service under load, checks every answer and measures how long each took",
               "deja load"};
  for (const auto& one : text_options())
    app.add_option("--" + std::string{one.name}, into.asked.*one.text, one.help)
        ->type_name(one.type);
  for (const auto& one : switches())
    app.add_flag("--" + std::string{one.name}, into.asked.*one.is_on, one.help);
  app.add_option("--scenario", into.scenario,
                 "a YAML file with these options as fields, or the name of one that is built in; "
                 "list: which there are")
      ->type_name("FILE");
  app.add_option("--history", into.history, "write every call as a line of JSON, for a checker")
      ->type_name("FILE");
  app.add_option("--output", into.output, "write the result as JSON to a file too")
      ->type_name("FILE");
  app.add_option("--report", into.report, "write a page with plots of the result, in HTML")
      ->type_name("FILE");
  app.add_option("--compare", into.compared,
                 "no run: the page is about these results of earlier ones, side by side")
      ->type_name("RESULT...");
  app.add_flag("--json", into.json, "print the result as JSON");
  app.add_flag("--quiet", into.quiet, "tell nothing while it goes on");
  app.add_flag("--yes-remote", into.yes_remote, "the service may be on another machine");
  if (auto status = parse(app, argc, argv))
    return status;
  return std::nullopt;
}

std::string now_text() {
  const auto now = std::time(nullptr);
  ::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text;
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

/// Open files besides the connections: standard streams, the threads' own, the result's.
constexpr ::rlim_t other_files = 64;

result<void> allow_files(const settings& how) {
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return {};
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const auto others = other_files + 2 * ::rlim_t{how.threads};
  if (how.connections + others <= limit.rlim_max)
    return {};
  return error{errc::invalid_argument,
               "--connections is " + std::to_string(how.connections) + ", but a process may have " +
                   std::to_string(limit.rlim_max) +
                   " files open here (ulimit -Hn), which is enough for " +
                   std::to_string(limit.rlim_max - std::min(limit.rlim_max, others))};
}

/// Watches a run from the main thread: tells each second, and what the service used in it.
class observer {
public:
  observer(collector& seen, live_view& view, std::optional<local_service> service, double length)
      : seen_(seen), view_(view), service_(service), length_(length) {}

  void begin() {
    first_cpu_ = last_cpu_ = service_ ? service_->cpu_time() : std::nullopt;
    first_ = last_ = steady::now();
  }

  void watch() {
    const auto next = seen_.wait_for_second(seconds_, steady::now() + 50ms);
    if (!next)
      return;
    const auto used = use_service();
    seen_.set_service(seconds_++, used.cpu, used.rss);
    view_.running(*next, length_);
  }

  /// The run is over: what is left of it.
  void end(run_result& result) {
    const auto used = use_service();
    for (; seconds_ < result.seconds.size(); ++seconds_) {
      auto& last = result.seconds[seconds_];
      last.service_cpu = used.cpu;
      last.service_rss = used.rss;
      view_.running(last, length_);
    }
    view_.end();
  }

  std::optional<double> service_cpu() const {
    return service_ ? share(first_cpu_, service_->cpu_time(), steady::now() - first_)
                    : std::nullopt;
  }

private:
  /// The kernel counts CPU in ticks of 10 ms: of a shorter span they tell too little.
  static constexpr auto shortest_share = 100ms;

  struct service_use {
    std::optional<double> cpu;
    std::optional<std::uint64_t> rss;
  };

  /// Since the last call.
  service_use use_service() {
    if (!service_)
      return {};
    const auto now = steady::now();
    const auto cpu = service_->cpu_time();
    if (now - last_ < shortest_share)
      return {std::nullopt, service_->resident()};
    const service_use used{share(last_cpu_, cpu, now - last_), service_->resident()};
    last_cpu_ = cpu;
    last_ = now;
    return used;
  }

  static std::optional<double> share(std::optional<double> from, std::optional<double> to,
                                     steady::duration span) {
    if (!from || !to || *to < *from || span <= 0s)
      return std::nullopt;
    return std::round((*to - *from) / std::chrono::duration<double>(span).count() * 1000) / 1000;
  }

  collector& seen_;
  live_view& view_;
  std::optional<local_service> service_;
  double length_;
  std::size_t seconds_ = 0;
  std::optional<double> first_cpu_, last_cpu_;
  steady::time_point first_{}, last_{};
};

bool is_async(const settings& how) {
  return how.mix[static_cast<std::size_t>(operation::async)] > 0;
}

result<void> check_extension(const settings& how, const service_facts& facts) {
  if (facts.has_extension || is_async(how))
    return {};
  const auto missing = [&](const std::string& what) {
    return error{errc::unimplemented, what + " needs the extension deja.v1, which the service at " +
                                          how.target + " does not have"};
  };
  if (how.batch > 1)
    return missing("--batch " + std::to_string(how.batch));
  if (how.mix[static_cast<std::size_t>(operation::wait)] > 0)
    return missing("the operation wait");
  return {};
}

result<void> write_file(const char* what, const std::string& path, std::string_view text) {
  if (std::ofstream file{path}; file << text << std::flush)
    return {};
  return error{errc::unavailable, "can't write the " + std::string{what} + " to \"" + path + '"'};
}

/// Whether there is a folder for a file that is written after the run.
result<void> check_folder(const char* flag, const std::string& path) {
  if (path.empty())
    return {};
  const auto folder = std::filesystem::absolute(path).parent_path();
  std::error_code problem;
  if (std::filesystem::is_directory(folder, problem))
    return {};
  return error{errc::invalid_argument, std::string{flag} + " is \"" + path +
                                           "\", but there is no folder \"" + folder.string() + '"'};
}

result<void> write_report(const std::string& path, std::span<const std::string> documents) {
  const auto page = html_report(documents);
  return page ? write_file("report", path, *page) : result<void>{page.error()};
}

/// Of a file with a result.
constexpr std::uint64_t largest_result = std::uint64_t{1} << 30;

/// A report on results that were written before.
int compare(const command_options& command) {
  if (command.report.empty())
    return fail({errc::invalid_argument, "--compare wants a --report to write"}, 2);
  std::vector<std::string> documents;
  for (const auto& path : command.compared) {
    auto text = read_file(path, largest_result);
    if (!text)
      return fail(within("--compare", text.error()), 2);
    documents.push_back(std::move(*text));
  }
  if (auto written = write_report(command.report, documents); !written)
    return fail(within("--compare", written.error()),
                written.error().code == errc::invalid_argument ? 2 : 1);
  return 0;
}

int tell(const run_document& run, const command_options& command) {
  const auto json = to_json(run) + '\n';
  for (const auto& warning : warnings_of(run))
    std::cerr << "deja: " << printable(warning) << '\n';
  std::cout << (command.json ? json : to_text(run)) << std::flush;
  if (!command.output.empty())
    if (auto written = write_file("result", command.output, json); !written)
      return fail(written.error());
  if (!command.report.empty())
    if (auto written = write_report(command.report, std::span{&json, 1}); !written)
      return fail(written.error());
  if (run.is_interrupted)
    return finish_output(interrupted_status);
  return finish_output(run.seen.all.wrong > 0 || run.seen.all.ok == 0 ? 1 : 0);
}

int carry_out(const command_options& command, const settings& how, const address& where) {
  const auto facts = probe(how);
  if (!facts)
    return fail(facts.error());
  if (auto possible = check_extension(how, *facts); !possible)
    return fail(possible.error());
  std::unique_ptr<history_file> history;
  if (!command.history.empty()) {
    auto made = history_file::create(command.history);
    if (!made)
      return fail(made.error(), 2);
    history = std::move(*made);
  }
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGPIPE, SIG_IGN);

  const stream_factory streams{how.url, where};
  const auto shared = std::make_unique<shared_state>(how);
  const run_hooks hooks{is_interrupted, history.get()};
  live_view view{command.quiet};
  if (how.fill && needs_fill(how.mix)) {
    auto filled = fill(how, *shared, streams, hooks, facts->has_extension,
                       [&](std::uint64_t done) { view.filling(done, how.keys); });
    view.end();
    if (is_interrupted)
      return fail({errc::canceled, "it was interrupted while keys were put, before the run"},
                  interrupted_status);
    if (!filled)
      return fail(filled.error());
  }

  const rate_plan plan{how.phases};
  const auto service = local_service::find(where);
  const auto length = how.goal ? longest_search(how) : plan.length();
  collector seen{is_async(how) ? 1 : how.threads, length};
  observer watching{seen, view, service, length};
  engine workers{how, *shared, streams, seen, hooks};
  async_load executor{how, shared->run, seen, is_interrupted};
  if (is_async(how))
    if (auto started = executor.start(); !started)
      return fail(started.error());
  const auto started = now_text();
  std::optional<goal_result> goal;
  std::vector<done_phase> phases;
  watching.begin();
  const auto carry_out_plan = [&](const rate_plan& next) {
    const auto watch = [&] {
      watching.watch();
    };
    if (is_async(how))
      executor.run(next, watch);
    else
      workers.run(next, watch);
  };
  if (how.goal)
    goal = find_limit(how, seen, is_interrupted, carry_out_plan, phases);
  else
    carry_out_plan(plan);
  const auto service_cpu = watching.service_cpu();
  auto result = seen.finish();
  watching.end(result);
  if (!how.goal)
    phases = phases_of(plan, result);
  const auto status =
      tell({.how = how,
            .seen = result,
            .phases = std::move(phases),
            .started = started,
            .is_interrupted = is_interrupted,
            .has_extension = facts->has_extension,
            .service_pid = service ? std::optional<int>{service->pid()} : std::nullopt,
            .service_cpu = service_cpu,
            .goal = goal},
           command);
  if (history)
    if (auto written = history->close(); !written)
      return fail(written.error());
  return status;
}

} // namespace

int load_command(int argc, char** argv) {
  command_options command;
  if (auto status = parse_options(command, argc, argv))
    return *status;
  if (!command.compared.empty())
    return compare(command);
  if (command.scenario == "list") {
    std::cout << scenario_list();
    return finish_output(0);
  }
  if (!command.scenario.empty()) {
    const auto scenario = read_scenario(command.scenario);
    if (!scenario)
      return fail(within("--scenario", scenario.error()), 2);
    command.asked = merged(command.asked, *scenario);
  }
  for (const auto& valid :
       {check_folder("--output", command.output), check_folder("--report", command.report)})
    if (!valid)
      return fail(valid.error(), 2);
  stand_in(command.asked.target, "DEJA_SERVER");
  stand_in(command.asked.token_file, "DEJA_TOKEN_FILE");
  const auto how = read_settings(command.asked);
  if (!how)
    return fail(how.error(), 2);
  const auto where = find_address(how->url);
  if (!where)
    return fail(within("--target", where.error()),
                where.error().code == errc::invalid_argument ? 2 : 1);
  if (!where->is_local && !command.yes_remote)
    return fail({errc::invalid_argument,
                 "--target is \"" + how->target +
                     "\", which is not on this machine: to put it under load, give --yes-remote"},
                2);
  if (auto allowed = allow_files(*how); !allowed)
    return fail(allowed.error(), 2);
  return carry_out(command, *how, *where);
}

} // namespace deja::app
