#include <deja/actors/spawn_catalog.hpp>

#include <deja/actors/cache_service.hpp>
#include <deja/actors/catalog_client.hpp>
#include <deja/actors/connection.hpp>
#include <deja/actors/download.hpp>
#include <deja/actors/memoizer.hpp>
#include <deja/actors/reply.hpp>
#include <deja/actors/reservation_heartbeat.hpp>
#include <deja/actors/storage.hpp>
#include <deja/actors/upload.hpp>
#include <deja/actors/wait_service.hpp>
#include <deja/actors/work_supervisor.hpp>
#include <deja/messages/longest_wait.hpp>
#include <deja/transport/connect/connect_endpoint.hpp>
#include <deja/transport/index/open_index.hpp>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja {

namespace {

/// A part that is to be stopped gets this long beyond its time.
constexpr duration grace = std::chrono::seconds{5};

struct root_state {
  root_state() = default;
  root_state(const root_state&) = delete;
  root_state& operator=(const root_state&) = delete;

  ~root_state() {
    for (const auto& one : parts)
      caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  }

  /// Starts both queues, and answers when both have.
  void start(const reply<no_value>& answer) {
    const auto fail = [answer](const caf::error& why) {
      answer(from_caf(why));
    };
    self->request(reader, caf::infinite, start_atom_v)
        .then(
            [=, this](no_value) {
              self->request(writer, caf::infinite, start_atom_v)
                  .then([answer](no_value done) { answer(done); }, fail);
            },
            fail);
  }

  /// Stops all that takes requests at the same time. What is stopped already is no failure.
  void stop(duration time, const reply<no_value>& answer) {
    const auto left = std::make_shared<int>(3);
    const auto one_less = [=, this] {
      if (--*left > 0)
        return;
      answer(no_value{});
      self->quit(caf::exit_reason::user_shutdown); // not normal, so that who is linked ends too
    };
    const auto ask = [&](const auto& whom) {
      self->request(whom, time + grace, stop_atom_v, time)
          .then([=](no_value) { one_less(); }, [=](const caf::error&) { one_less(); });
    };
    ask(reader);
    ask(writer);
    ask(memoizer);
  }

  catalog_actor::pointer self = nullptr;
  download_supervisor_actor reader;
  upload_supervisor_actor writer;
  memoizer_actor memoizer;
  std::vector<caf::actor> parts; // in the order they end
};

catalog_actor::behavior_type behave(catalog_actor::stateful_pointer<root_state> self,
                                    const catalog_handles& all,
                                    const std::vector<caf::actor>& parts) {
  auto& one = self->state;
  one.self = self;
  one.reader = all.reader;
  one.writer = all.writer;
  one.memoizer = all.memoizer;
  one.parts = parts;
  for (const auto& part : parts) // one that fails takes all along: half a catalog is none
    self->link_to(part);
  return {
      [self](start_atom) {
        const reply answer{self->make_response_promise<no_value>()};
        self->state.start(answer);
        return answer.asker();
      },
      [self](stop_atom, duration time) {
        const reply answer{self->make_response_promise<no_value>()};
        self->state.stop(std::clamp(time, duration::zero(), longest_wait), answer);
        return answer.asker();
      },
  };
}

} // namespace

result<void> catalog_config::validate() const {
  const auto wrong = [](const std::string& what) {
    return error{errc::invalid_argument, "catalog: " + what};
  };
  if (max_cache_age < duration::zero())
    return wrong("max_cache_age is " + std::to_string(max_cache_age.count()) +
                 " ns; 0 and more are possible");
  if (auto valid = reader.validate(); !valid)
    return within("reader", valid.error());
  if (auto valid = writer.validate(); !valid)
    return within("writer", valid.error());
  if (auto valid = catalog_client_config{.timeout = timeout, .clock = clock}.validate(); !valid)
    return valid;
  if (auto valid = memoizer_config{.heartbeat = heartbeat}.validate(); !valid)
    return valid;
  if (auto valid = connections.validate(); !valid)
    return within("connections", valid.error());
  if (!service.empty() && !endpoints)
    if (auto valid = connect_config{.url = service, .token = token}.validate(); !valid)
      return within("service", valid.error());
  return storage.validate();
}

result<catalog_handles> spawn_catalog(caf::actor_system& system, const catalog_config& config) {
  if (auto valid = config.validate(); !valid)
    return valid.error();
  auto blobs = config.own_store;
  if (!blobs) {
    auto opened = open_blob_store(config.store);
    if (!opened)
      return within("store", opened.error());
    blobs = std::move(*opened);
  }
  const bool is_remote = config.endpoints || !config.service.empty();
  auto index = config.own_index;
  if (!is_remote && !index) {
    auto opened = open_index(config.index);
    if (!opened)
      return within("index", opened.error());
    index = std::move(*opened);
  }

  catalog_handles all;
  std::vector<caf::actor> parts;
  const auto add = [&](const auto& one) {
    parts.push_back(caf::actor_cast<caf::actor>(one));
    return one;
  };
  if (is_remote) {
    const std::stop_source calls;
    auto endpoints = config.endpoints;
    if (!endpoints)
      endpoints = [service = connect_config{
                       .url = config.service, .token = config.token, .stop = calls.get_token()}] {
        return make_connect_endpoint(service);
      };
    all.connection = add(spawn_connection_pool(system, endpoints, config.connections, calls));
  } else {
    const auto service = add(spawn_cache_service(system, index));
    const auto waits = add(spawn_wait_service(system, index));
    all.connection = add(spawn_local_connection(system, service, {}, waits));
  }
  all.storage = add(spawn_storage(system, blobs, config.storage));
  const catalog_client_config client{.timeout = config.timeout, .clock = config.clock};
  all.client = add(spawn_catalog_client(system, all.connection, all.storage, client));
  all.heartbeat = add(spawn_reservation_heartbeat(system, all.connection));

  auto reader = config.reader, writer = config.writer;
  reader.metrics = writer.metrics = config.metrics;
  const auto download = [=, connection = all.connection,
                         storage = all.storage](caf::actor_system& in) {
    return spawn_download(in, connection, storage, {client, config.max_cache_age});
  };
  const auto upload = [=, connection = all.connection,
                       storage = all.storage](caf::actor_system& in) {
    return spawn_upload(in, connection, storage, client);
  };
  all.reader = add(spawn_download_supervisor(system, download, all.storage, reader));
  all.writer = add(spawn_upload_supervisor(system, upload, all.storage, writer));
  all.memoizer = add(spawn_memoizer(system, all.client, all.storage, all.heartbeat,
                                    {.heartbeat = config.heartbeat,
                                     .computations = config.computations,
                                     .max_age = config.max_cache_age,
                                     .clock = config.clock,
                                     .metrics = config.metrics},
                                    all.connection));
  std::reverse(parts.begin(), parts.end()); // who asks ends before whom it asks
  all.root = system.spawn(behave, all, std::move(parts));
  return all;
}

} // namespace deja
