#pragma once

#include "../support/fake_store.hpp"
#include "../support/settable_clock.hpp"
#include "../support/tasks.hpp"
#include "../support/virtual_time.hpp"

#include <deja/actors/cache_service.hpp>
#include <deja/actors/catalog_client.hpp>
#include <deja/actors/connection.hpp>
#include <deja/actors/memoizer.hpp>
#include <deja/actors/reply.hpp>
#include <deja/actors/reservation_heartbeat.hpp>
#include <deja/actors/wait_service.hpp>
#include <deja/transport/index/memory_index.hpp>

namespace deja::testing {

using outputs = shared<core::LiteralMap>;

/// A task that ends when a test says so.
using held_task = task_actor::extend<caf::reacts_to<done_atom, result<outputs>>>;

struct task_state {
  std::vector<reply<outputs>> asked;
};

/// One process: a memoizer with all it needs, at the service that all share.
struct process {
  process(caf::actor_system& system, const cache_service_actor& service,
          const std::shared_ptr<const deja::clock>& clock, memoizer_config config,
          const wait_service_actor& waits) {
    config.clock = clock;
    connection = spawn_local_connection(system, service, {}, waits);
    storage = store_in(system, store);
    client = spawn_catalog_client(system, connection, storage, {.clock = clock});
    heartbeat = spawn_reservation_heartbeat(system, connection);
    memoizer = spawn_memoizer(system, client, storage, heartbeat, config, connection);
  }

  /// As kill -9 would: nothing is released.
  void kill() {
    for (const auto& one :
         {caf::actor_cast<caf::actor>(heartbeat), caf::actor_cast<caf::actor>(memoizer),
          caf::actor_cast<caf::actor>(client), caf::actor_cast<caf::actor>(connection),
          caf::actor_cast<caf::actor>(storage)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
  }

  fake_store store;
  connection_actor connection;
  storage_actor storage;
  catalog_client_actor client;
  reservation_heartbeat_actor heartbeat;
  memoizer_actor memoizer;
};

struct two_processes : virtual_time {
  /// They can wait at the service, or have to look for themselves.
  explicit two_processes(memoizer_config config = {}, bool can_wait = false)
      : waits(can_wait ? spawn_wait_service(system, index, {.clock = clock})
                       : wait_service_actor{}),
        here(system, service, clock, config, waits), there(system, service, clock, config, waits) {}

  ~two_processes() {
    here.kill();
    there.kill();
    caf::anon_send_exit(service, caf::exit_reason::kill);
    if (waits)
      caf::anon_send_exit(waits, caf::exit_reason::kill);
    for (const auto& one : tasks)
      caf::anon_send_exit(one, caf::exit_reason::kill);
    tasks.clear();
  }

  /// Time passes for actors and for the service alike.
  void pass(duration time) {
    while (time > duration::zero()) {
      const auto step = std::min<duration>(time, std::chrono::milliseconds{100});
      clock->pass(step);
      advance(step);
      time -= step;
    }
  }

  held_task new_task() {
    tasks.push_back(system.spawn([this](held_task::stateful_pointer<task_state> that)
                                     -> held_task::behavior_type {
      return {
          [this, that](compute_atom, const lease& right) {
            leases.push_back(right);
            return that->state.asked.emplace_back(that->make_response_promise<outputs>()).asker();
          },
          [this](cancel_atom, std::uint64_t) { ++cancelled; },
          [that](done_atom, const result<outputs>& done) {
            for (const auto& answer : std::exchange(that->state.asked, {}))
              answer(done);
          }};
    }));
    return tasks.back();
  }

  /// A call for the task with this input.
  auto call_for(process& where, std::int64_t input, const held_task& task,
                std::vector<digest> held = {}, memoize_options options = {}, std::uint64_t id = 0) {
    auto asked = self->request(
        where.memoizer, std::chrono::minutes{60}, memoize_atom_v, call_context{id, {}, {}},
        memoize_request{some_key(input), options, {}, std::move(held)}, task_actor{task});
    settle();
    return asked;
  }

  auto call(process& where, const held_task& task, memoize_options options = {},
            std::uint64_t id = 0, std::vector<digest> held = {}) {
    return call_for(where, 1, task, std::move(held), options, id);
  }

  void finish(const held_task& task, std::int64_t value) {
    self->send(task, done_atom_v, result<outputs>{outputs{some_literals(value)}});
    settle();
  }

  void fail(const held_task& task) {
    self->send(task, done_atom_v, result<outputs>{error{errc::internal, "boom"}});
    settle();
  }

  template <class Asked>
  std::pair<memoized_by, std::int64_t> outcome(Asked& asked) {
    const auto done = answer<memoized>(asked).value();
    return {done.how, done.outputs->literals().at("x").scalar().primitive().integer()};
  }

  std::shared_ptr<settable_clock> clock = std::make_shared<settable_clock>();
  std::shared_ptr<deja::index> index = make_memory_index(clock);
  cache_service_actor service = spawn_cache_service(system, index);
  wait_service_actor waits;
  std::vector<held_task> tasks;
  std::vector<lease> leases; ///< One for each computation that was begun.
  int cancelled = 0;
  process here, there;
};

using result_of = std::pair<memoized_by, std::int64_t>;

struct one_at_a_time : two_processes {
  one_at_a_time() : two_processes({.computations = 1}) {}
};

} // namespace deja::testing
