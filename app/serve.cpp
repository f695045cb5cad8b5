#include <deja/actors/cache_gateway.hpp>
#include <deja/actors/cache_service.hpp>
#include <deja/actors/scheduler_config.hpp>
#include <deja/actors/wait_service.hpp>
#include <deja/app/command_line.hpp>
#include <deja/app/commands.hpp>
#include <deja/app/port_file.hpp>
#include <deja/app/upkeep_options.hpp>
#include <deja/transport/collect/observed_index.hpp>
#include <deja/transport/connect/cache_routes.hpp>
#include <deja/transport/connect/cas_routes.hpp>
#include <deja/transport/connect/extension_routes.hpp>
#include <deja/transport/connect/health_routes.hpp>
#include <deja/transport/connect/http_server.hpp>
#include <deja/transport/folder/data_folder.hpp>
#include <deja/transport/index/open_index.hpp>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>

namespace deja::app {

namespace {

/// How long a service that is just stopping may still hold the folder.
constexpr duration lock_patience = std::chrono::seconds{5};

/// How long the latest uses may take to be recorded, while the server drains.
constexpr duration record_patience = std::chrono::seconds{2};

/// Threads that read and write contents.
constexpr std::size_t storage_threads = 16;

struct serve_options {
  std::string listen = "127.0.0.1:8094";
  std::string data, index, store, tokens;
  std::string port_file;
  std::size_t max_body = http::server_config{}.max_body_bytes;
  std::string synchronous = "full";
  std::size_t hot_bytes = sqlite_index_config{}.hot_bytes;
  upkeep_options upkeep;
};

std::optional<int> parse_serve_options(serve_options& into, int argc, char** argv) {
  CLI::App app{"Serves a cache to many executors over Flyte's protocol", "deja serve"};
  app.add_option("--listen", into.listen, "address to listen on; port 0: any free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--data", into.data, "data folder [DEJA_DATA; default: the user's cache folder]")
      ->type_name("DIR");
  app.add_option("--index", into.index,
                 "memory:, sqlite:PATH or postgresql://... [default: in the data folder]")
      ->type_name("URL");
  app.add_option("--store", into.store, "where contents lie [default: in the data folder]")
      ->type_name("URL");
  app.add_option("--tokens", into.tokens, "file with the access tokens that are taken, one a line")
      ->type_name("FILE");
  app.add_option("--max-body", into.max_body, "largest body of a call, in bytes")
      ->check(CLI::Range(std::size_t{1024}, std::size_t{1} << 30))
      ->capture_default_str();
  app.add_option("--synchronous", into.synchronous,
                 "of an index in SQLite; normal: quicker puts, of which a power loss may cost the "
                 "latest")
      ->type_name("full|normal")
      ->check(CLI::IsMember({"full", "normal"}))
      ->capture_default_str();
  app.add_option("--hot-bytes", into.hot_bytes,
                 "memory for the rows of an index in SQLite that are asked for often")
      ->transform(CLI::AsSizeValue{false})
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--port-file", into.port_file, "gets the port's number once it is listened on")
      ->type_name("FILE");
  add_options(app, into.upkeep);
  if (auto status = parse(app, argc, argv))
    return status;
  stand_in(into.data, "DEJA_DATA");
  return std::nullopt;
}

/// Where the entries and contents lie, and the lock that makes the folder this process' own.
struct holdings {
  std::optional<data_folder> folder;
  std::optional<file_lock> lock;
  std::shared_ptr<deja::index> index;
  std::shared_ptr<blob_store> blobs;
};

result<holdings> open_holdings(const serve_options& asked) {
  holdings held;
  if (!asked.data.empty() || asked.index.empty() || asked.store.empty()) {
    auto path = asked.data.empty() ? default_data_folder() : std::filesystem::path{asked.data};
    if (!path)
      return path.error();
    auto folder = data_folder::open(*path);
    if (!folder)
      return folder.error();
    auto lock = folder->take(lock_patience);
    if (!lock)
      return lock.error();
    held.folder = std::move(*folder);
    held.lock = std::move(*lock);
  }
  auto index = open_index(
      asked.index.empty() ? "sqlite:" + held.folder->index().string() : asked.index,
      {.full_sync = asked.synchronous == "full", .exclusive = true, .hot_bytes = asked.hot_bytes});
  if (!index)
    return index.error();
  held.index = std::move(*index);
  auto blobs = open_blob_store(asked.store.empty() ? held.folder->path().string() : asked.store);
  if (!blobs)
    return blobs.error();
  held.blobs = std::move(*blobs);
  return held;
}

/// The signals that end the service, blocked before the first thread is made.
class end_signals {
public:
  end_signals() {
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGINT);
    ::sigaddset(&set_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }

  int wait() const {
    int number = 0;
    ::sigwait(&set_, &number);
    return number;
  }

private:
  ::sigset_t set_{};
};

/// What was cleared up, where it was anything, in the log.
void tell(const result<collection_report>& round) {
  if (!round)
    spdlog::warn("clearing up failed, and is tried again: {}", round.error().message);
  else if (round->entries() + round->reservations + round->contents.blobs > 0)
    spdlog::info("removed {} expired entries and {} for a cap, {} reservations, {} contents",
                 round->expired, round->evicted, round->reservations, round->contents.blobs);
}

sweeper_actor start_sweeper(caf::actor_system& system, const holdings& held,
                            const cache_service_actor& service, std::shared_ptr<access_log> log,
                            sweeper_config config, std::stop_token stop) {
  return spawn_sweeper(system,
                       {.entries = *held.index,
                        .apply = apply_through(system, service),
                        .blobs = held.blobs.get(),
                        .stop = std::move(stop)},
                       std::move(log), std::move(config), tell);
}

/// Whether contents that no entry names are removed. Other indexes may name what a store holds.
bool removes_contents(const serve_options& asked) {
  return asked.upkeep.collect_contents || (asked.index.empty() && asked.store.empty());
}

/// The index as clients see it.
std::unique_ptr<observed_index> observe(const holdings& held, std::shared_ptr<access_log> log,
                                        cache_gateway& gateway, boost::asio::thread_pool& storage,
                                        const serve_options& asked) {
  observed_index::checking check;
  if (asked.upkeep.check_blobs) {
    auto root = asked.store.empty() ? "file://" + held.folder->path().string() : asked.store;
    root.erase(root.find_last_not_of('/') + 1);
    check.blobs = std::make_shared<present_blobs>(held.blobs, std::move(root));
    check.post = [&storage](auto task) {
      boost::asio::post(storage, std::move(task));
    };
    check.apply = [&gateway](operation what) {
      gateway.apply(
          std::move(what), [](const outcome&) {}, [](auto flush) { flush(); });
    };
  }
  return std::make_unique<observed_index>(held.index, std::move(log), std::move(check));
}

http::router routes(observed_index& entries, const holdings& held, cache_gateway& gateway,
                    boost::asio::thread_pool& storage, const serve_options& asked,
                    const upkeep& kept) {
  const http::write_path write = [&](operation what, std::function<void(outcome)> done,
                                     const auto& later) {
    gateway.apply(std::move(what), std::move(done), later);
  };
  const auto counters = std::make_shared<http::call_counters>();
  http::drop_contents drop;
  if (kept.sweeper.plan.contents)
    drop = [dropped = kept.sweeper.dropped] {
      *dropped = true;
    };
  auto all = http::cache_routes(
      entries, write,
      {.limits = kept.limits, .max_body = asked.max_body, .counters = counters, .drop = drop});
  const auto add = [&](std::vector<http::route> more) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
  };
  http::extension_parts parts{
      entries,
      write,
      [&](wait_request what, duration time, cache_gateway::waited_done done) {
        return gateway.wait(std::move(what), time, std::move(done));
      },
      [&](std::vector<entry_key> keys, cache_gateway::counted done) {
        gateway.count_waiters(std::move(keys), std::move(done));
      },
      storage,
      [&] {
        return entries.incomplete();
      }};
  add(http::extension_routes(
      std::move(parts),
      {.limits = kept.limits, .max_body = asked.max_body, .counters = counters, .drop = drop}));
  add(http::cas_routes(held.blobs, storage));
  add(http::health_routes([&index = *held.index] { return index.ready(); }));
  return http::router{std::move(all)};
}

result<void> serve(const serve_options& asked, http::server_config config, upkeep kept,
                   const end_signals& signals) {
  std::optional<http::access_tokens> tokens;
  if (!asked.tokens.empty()) {
    auto read = http::access_tokens::read(asked.tokens);
    if (!read)
      return read.error();
    tokens = std::move(*read);
  }
  auto held = open_holdings(asked);
  if (!held)
    return held.error();
  if (held->folder)
    config.unix_socket = held->folder->socket();

  scheduler_config actors;
  caf::actor_system system{actors};
  const auto service = spawn_cache_service(system, held->index);
  const auto waits = spawn_wait_service(system, held->index);
  cache_gateway gateway{system, service, waits};
  boost::asio::thread_pool storage{storage_threads};
  const auto log = std::make_shared<access_log>(kept.log);
  std::stop_source ending;
  kept.sweeper.plan.contents = removes_contents(asked);
  kept.sweeper.dropped = std::make_shared<std::atomic<bool>>();
  const auto sweeper = start_sweeper(system, *held, service, log, kept.sweeper, ending.get_token());
  const auto entries = observe(*held, log, gateway, storage, asked);
  http::http_server server{routes(*entries, *held, gateway, storage, asked, kept), config,
                           std::move(tokens)};
  auto started = server.start();
  if (started && !asked.port_file.empty())
    started = write_port_file(asked.port_file, server.port());
  if (started) {
    spdlog::info("serving {} on {}:{}", held->folder ? held->folder->path().string() : "memory",
                 config.host, server.port());
    if (const auto state = held->index->ready(); !state)
      spdlog::warn("not ready yet: {}", state.error().message);
    spdlog::info("{}: finishing what is under way",
                 signals.wait() == SIGINT ? "SIGINT" : "SIGTERM");
  }
  caf::anon_send(waits, stop_atom_v); // who waits would keep the server from ending
  ending.request_stop();
  const caf::scoped_actor self{system};
  auto recorded = self->request(sweeper, record_patience, stop_atom_v);
  server.stop();
  storage.join();
  recorded.receive([](const no_value&) {},
                   [](const caf::error&) { spdlog::warn("the latest uses were not recorded"); });
  caf::anon_send_exit(waits, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(service, caf::exit_reason::user_shutdown);
  return started;
}

} // namespace

int serve_command(int argc, char** argv) {
  serve_options asked;
  if (auto status = parse_serve_options(asked, argc, argv))
    return *status;
  http::server_config config;
  config.max_body_bytes = asked.max_body;
  if (auto set = http::set_listen_address(config, asked.listen); !set)
    return fail(within("--listen", set.error()), 2);
  auto kept = read_upkeep(asked.upkeep);
  if (!kept)
    return fail(kept.error(), 2);
  spdlog::set_default_logger(spdlog::stderr_color_mt("deja"));
  const end_signals signals;
  if (auto served = serve(asked, std::move(config), std::move(*kept), signals); !served)
    return fail(served.error());
  return 0;
}

} // namespace deja::app
