#include <deja/actors/connection.hpp>

#include <deja/actors/worker_pool.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>

namespace deja {

namespace {

/// What the workers have learned of the service: how many items a call of it takes; 0: nothing yet.
using learned_width = std::shared_ptr<std::atomic<std::size_t>>;

/// A worker at a wait can't be ended, so it waits in pieces.
constexpr duration longest_wait = std::chrono::seconds{1};

constexpr duration usual_wait = std::chrono::seconds{10};

struct worker_state {
  std::unique_ptr<cache_endpoint> endpoint;
};

connection_actor::behavior_type work(connection_actor::stateful_pointer<worker_state> self,
                                     const endpoint_factory& endpoints,
                                     const learned_width& width) {
  // Made here: on the thread that uses it.
  self->state.endpoint = endpoints();
  auto& endpoint = *self->state.endpoint;
  const auto all_of = [&endpoint, width]<class In, class Call>(const many<In>& items, Call call) {
    using results = std::invoke_result_t<Call, std::span<const In>>;
    results outcomes;
    try {
      outcomes = call(std::span<const In>{*items});
      *width = endpoint.items_per_call();
    } catch (const std::exception& problem) {
      outcomes.assign(items->size(), error{errc::internal, problem.what()});
    }
    return many<typename results::value_type>{std::move(outcomes)};
  };
  return {
      [&endpoint, all_of](get_atom, const call_context& context, const many<entry_key>& keys) {
        return all_of(keys, [&](auto span) { return endpoint.get_many(context, span); });
      },
      [&endpoint, all_of](put_atom, const call_context& context, const many<entry_put>& puts) {
        return all_of(puts, [&](auto span) { return endpoint.put_many(context, span); });
      },
      [&endpoint](remove_atom, const call_context& context, const entry_key& key) {
        return answer_of([&] { return as_answer(endpoint.remove(context, key)); });
      },
      [&endpoint, all_of](reserve_atom, const call_context& context,
                          const many<reservation_request>& requests) {
        return all_of(requests, [&](auto span) { return endpoint.reserve_many(context, span); });
      },
      [&endpoint](release_atom, const call_context& context, const entry_key& key,
                  const std::string& owner) {
        return answer_of([&] { return as_answer(endpoint.release(context, key, owner)); });
      },
      [&endpoint](wait_atom, const call_context& context, const wait_request& what) {
        return answer_of([&] { return endpoint.wait(context, what); });
      },
  };
}

using pool_actor = connection_actor::extend<
    // Looks whether the workers have come to an end, since the pool is to end.
    caf::reacts_to<tick_atom, std::uint64_t>>;

/// An answer that is due is waited for as long, in so many looks; then the calls are cut off.
constexpr std::uint64_t last_looks = 50;
constexpr duration last_wait = std::chrono::seconds{1};

using pool = worker_pool<pool_actor::base, connection_actor>;

struct pool_state {
  void end(std::uint64_t look) {
    if (workers->busy() && look < last_looks) {
      self->delayed_send(self, last_wait / last_looks, tick_atom_v, look + 1);
      return;
    }
    calls.request_stop();
    self->quit(caf::exit_reason::user_shutdown);
  }

  /// Waits until the deadline, a piece after the other.
  void wait(const reply<waited>& answer, call_context context, const wait_request& what,
            caf::actor_clock::time_point deadline) {
    const auto left = deadline - self->clock().now();
    context.time_left = std::clamp<duration>(left, std::chrono::milliseconds{1}, longest_wait);
    waits->run<waited>(
        duration::zero(),
        [=, this](const waited& done) {
          if (done.event == wait_event::timeout && left > longest_wait)
            wait(answer, context, what, deadline);
          else
            answer(done);
        },
        [answer](const error& why) { answer(why); }, wait_atom_v, context, what);
  }

  pool_actor::pointer self = nullptr;
  std::stop_source calls{std::nostopstate};
  std::unique_ptr<pool> workers;
  std::unique_ptr<pool> waits; // workers of their own: who waits keeps nobody from a connection
};

pool_actor::behavior_type dispatch(pool_actor::stateful_pointer<pool_state> self,
                                   const endpoint_factory& endpoints,
                                   const worker_pool_config& config,
                                   const std::stop_source& calls) {
  const learned_width width = std::make_shared<std::atomic<std::size_t>>(0);
  const auto spawn = [self, endpoints, width] {
    return self->system().spawn<caf::detached>(work, endpoints, width);
  };
  self->state.self = self;
  self->state.calls = calls;
  self->set_exit_handler([self](const caf::exit_msg&) { self->state.end(0); });
  self->state.workers = std::make_unique<pool>(self, config, spawn);
  self->state.waits = std::make_unique<pool>(self, worker_pool_config{config.workers, 0}, spawn);
  // Passes a request on as it came.
  const auto pass = [self]<class T>(reply<T> answer, auto verb, const call_context& context,
                                    const auto&... what) {
    self->state.workers->run(answer, context.time_left, verb, context, what...);
    return answer.asker();
  };
  // As few calls as the service allows; where it takes one item a call, the connections work side
  // by side.
  const auto spread = [self, width, config]<class Out, class In>(
                          reply<many<result<Out>>> answer, auto verb, const call_context& context,
                          const many<In>& items) {
    const auto count = items ? items->size() : 0;
    const auto a_fair_share =
        std::max<std::size_t>(1, (count + config.workers - 1) / config.workers);
    const auto known = width->load();
    self->state.workers->run_many(answer, context.time_left, known == 0 ? a_fair_share : known,
                                  items, verb, context);
    return answer.asker();
  };
  return {
      [=](get_atom verb, const call_context& context, const many<entry_key>& keys) {
        return spread(reply{self->make_response_promise<many<result<found_output>>>()}, verb,
                      context, keys);
      },
      [=](put_atom verb, const call_context& context, const many<entry_put>& puts) {
        return spread(reply{self->make_response_promise<many<result<put_status>>>()}, verb, context,
                      puts);
      },
      [=](remove_atom verb, const call_context& context, const entry_key& key) {
        return pass(reply{self->make_response_promise<no_value>()}, verb, context, key);
      },
      [=](reserve_atom verb, const call_context& context,
          const many<reservation_request>& requests) {
        return spread(reply{self->make_response_promise<many<result<reservation>>>()}, verb,
                      context, requests);
      },
      [=](release_atom verb, const call_context& context, const entry_key& key,
          const std::string& owner) {
        return pass(reply{self->make_response_promise<no_value>()}, verb, context, key, owner);
      },
      [=](wait_atom, const call_context& context, const wait_request& what) {
        const reply answer{self->make_response_promise<waited>()};
        const auto time = context.time_left > duration::zero() ? context.time_left : usual_wait;
        self->state.wait(answer, context, what, self->clock().now() + time);
        return answer.asker();
      },
      [=](tick_atom, std::uint64_t look) { self->state.end(look); },
  };
}

} // namespace

connection_actor spawn_connection_pool(caf::actor_system& system, endpoint_factory endpoints,
                                       worker_pool_config config, std::stop_source calls) {
  config.validate().value();
  return system.spawn(dispatch, std::move(endpoints), config, std::move(calls));
}

} // namespace deja
