#include <deja/actors/scheduler_config.hpp>
#include <deja/app/command_line.hpp>
#include <deja/app/commands.hpp>
#include <deja/app/demo/executor.hpp>
#include <deja/transport/connect/connect_endpoint.hpp>
#include <deja/transport/folder/folder_endpoint.hpp>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <csignal>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <thread>

#include <unistd.h>

namespace deja::app {

namespace {

using demo::progress;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct demo_options {
  std::string server, data, token_file;
  std::string folder = "/usr/share/common-licenses";
};

std::optional<int> parse_demo_options(demo_options& into, int argc, char** argv) {
  CLI::App app{"Counts words and phrases of the texts in a folder, by an executor made of actors "
               "that remembers each task. Run it twice, or two at once.",
               "deja demo"};
  auto* server = app.add_option("--server", into.server, "URL of a cache service [DEJA_SERVER]");
  auto* data = app.add_option("--data", into.data,
                              "data folder [DEJA_DATA; default: the user's cache folder]")
                   ->excludes(server);
  app.add_option("DIR", into.folder, "the folder with the texts")->capture_default_str();
  if (auto status = parse(app, argc, argv))
    return status;
  if (data->count() == 0)
    stand_in(into.server, "DEJA_SERVER");
  if (into.server.empty())
    stand_in(into.data, "DEJA_DATA");
  stand_in(into.token_file, "DEJA_TOKEN_FILE");
  return std::nullopt;
}

/// The catalog's way to where the options say that results are remembered.
result<endpoint_factory> open_endpoints(const demo_options& asked) {
  if (!asked.server.empty()) {
    auto token = read_token(asked.token_file);
    if (!token)
      return token.error();
    const connect_config config{.url = asked.server, .token = std::move(*token)};
    if (auto valid = config.validate(); !valid)
      return valid.error();
    return endpoint_factory{[config] {
      return make_connect_endpoint(config);
    }};
  }
  auto path = asked.data.empty() ? default_data_folder() : std::filesystem::path{asked.data};
  if (!path)
    return path.error();
  auto folder = data_folder::open(*path);
  if (!folder)
    return folder.error();
  return endpoint_factory{[folder = *folder] {
    return make_folder_endpoint(folder);
  }};
}

double seconds(duration span) {
  return std::chrono::duration<double>(span).count();
}

/// One line that is drawn anew, where standard error is a terminal.
class progress_bar {
public:
  void draw(const progress& now) {
    if (!is_terminal_ || (now.done < now.tasks && steady::now() < next_))
      return;
    next_ = steady::now() + 50ms;
    constexpr std::uint64_t width = 40;
    const auto full = static_cast<int>(width * now.done / now.tasks);
    std::fprintf(stderr, "\r[%.*s%*s] %llu of %llu tasks", full,
                 "########################################", static_cast<int>(width) - full, "",
                 static_cast<unsigned long long>(now.done),
                 static_cast<unsigned long long>(now.tasks));
    drawn_ = true;
  }

  void end() {
    if (drawn_)
      std::fputc('\n', stderr);
  }

private:
  bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool drawn_ = false;
  steady::time_point next_{};
};

void print_table(const progress& all, duration took) {
  const auto row = [](const char* name, auto value, const char* unit = "") {
    std::cout << std::left << std::setw(22) << name << std::right << std::setw(10) << value << unit
              << '\n';
  };
  std::cout << std::fixed << std::setprecision(2) << '\n';
  row("tasks", all.tasks);
  row("computed", all.computed);
  row("hits", all.hits);
  row("waited for", all.waited);
  row("retries", all.retries);
  if (all.not_stored > 0)
    row("not stored", all.not_stored);
  row("time", seconds(took), " s");
  row("time of computations", seconds(all.computing), " s");
  row("time saved", seconds(all.saved), " s");
}

/// The catalog ends with this, if it has not been stopped.
struct root_guard {
  explicit root_guard(catalog_actor of) : root(std::move(of)) {}

  root_guard(const root_guard&) = delete;
  root_guard& operator=(const root_guard&) = delete;

  ~root_guard() { caf::anon_send_exit(root, caf::exit_reason::user_shutdown); }

  catalog_actor root;
};

/// Whether the cache answers, so that a wrong address is told at once.
result<void> reach(caf::scoped_actor& self, const connection_actor& connection) {
  result<void> reached;
  const auto fail = [&](const error& why) {
    reached = result<void>{within("the cache is out of reach", why)};
  };
  self->request(connection, caf::infinite, get_atom_v, call_context{},
                many<entry_key>{{entry_key{{"", "deja", "demo"}, "is it there?"}}})
      .receive(
          [&](const many<result<found_output>>& found) {
            if (const auto& one = found->front(); !one && one.error().code != errc::not_found)
              fail(one.error());
          },
          [&](const caf::error& why) { fail(from_caf(why)); });
  return reached;
}

/// Carries out the workflow with a catalog of its own, and tells how it goes.
result<void> carry_out(caf::actor_system& system, const catalog_config& config,
                       demo::workflow plan) {
  const auto begin = steady::now();
  auto catalog = spawn_catalog(system, config);
  if (!catalog)
    return catalog.error();
  const root_guard guard{catalog->root};
  caf::scoped_actor self{system};
  self->request(catalog->root, caf::infinite, start_atom_v)
      .receive([](no_value) {}, [](const caf::error&) {}); // it was not started before
  if (auto reached = reach(self, catalog->connection); !reached)
    return reached.error();
  demo::spawn_executor(system, *catalog, std::move(plan),
                       caf::actor_cast<demo::workflow_listener>(self));
  progress all;
  progress_bar bar;
  std::optional<result<std::string>> report;
  self->receive_while([&] { return !report; })(
      [&](progress_atom, const progress& now) {
        all = now;
        bar.draw(now);
      },
      [&](done_atom, const result<std::string>& how) { report = how; });
  bar.end();
  self->request(catalog->root, caf::infinite, stop_atom_v, duration{10s})
      .receive([](no_value) {}, [](const caf::error&) {}); // it ends in any case
  if (!*report)
    return report->error();
  std::cout << **report;
  print_table(all, steady::now() - begin);
  return {};
}

} // namespace

int demo_command(int argc, char** argv) {
  demo_options asked;
  if (auto status = parse_demo_options(asked, argc, argv))
    return *status;
  auto plan = demo::plan_workflow(asked.folder);
  if (!plan)
    return fail(plan.error());
  for (const auto& one : plan->skipped)
    std::cerr << "deja: skipped " << one << '\n';
  auto endpoints = open_endpoints(asked);
  if (!endpoints)
    return fail(endpoints.error());
  std::signal(SIGPIPE, SIG_IGN);

  catalog_config config;
  config.endpoints = *endpoints;
  config.heartbeat = 1s; // so another demo waits 3 s at most for one that was killed
  config.computations = std::max(1U, std::thread::hardware_concurrency());
  scheduler_config actors;
  caf::actor_system system{actors};
  if (auto done = carry_out(system, config, std::move(*plan)); !done)
    return fail(done.error());
  return 0;
}

} // namespace deja::app
