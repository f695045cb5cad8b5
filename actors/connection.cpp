#include <deja/actors/connection.hpp>

#include <deja/actors/worker_pool.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja {

namespace {

struct worker_state {
  std::unique_ptr<cache_endpoint> endpoint;
};

connection_actor::behavior_type work(connection_actor::stateful_pointer<worker_state> self,
                                     const endpoint_factory& endpoints) {
  // Made here: on the thread that uses it.
  self->state.endpoint = endpoints();
  auto& endpoint = *self->state.endpoint;
  return {
      [&](get_atom, const call_context& context, const many<entry_key>& keys) {
        return outcomes_of(keys, [&](const entry_key& key) { return endpoint.get(context, key); });
      },
      [&](put_atom, const call_context& context, const many<entry_put>& puts) {
        return outcomes_of(puts, [&](const entry_put& one) {
          return endpoint.put(context, one.key, *one.output, one.when);
        });
      },
      [&](remove_atom, const call_context& context, const entry_key& key) {
        return answer_of([&] { return as_answer(endpoint.remove(context, key)); });
      },
      [&](reserve_atom, const call_context& context, const many<reservation_request>& requests) {
        return outcomes_of(requests, [&](const reservation_request& one) {
          return endpoint.reserve(context, one.key, one.owner, one.heartbeat);
        });
      },
      [&](release_atom, const call_context& context, const entry_key& key,
          const std::string& owner) {
        return answer_of([&] { return as_answer(endpoint.release(context, key, owner)); });
      },
  };
}

using pool = worker_pool<connection_actor::base, connection_actor>;

struct pool_state {
  std::unique_ptr<pool> workers;
};

connection_actor::behavior_type dispatch(connection_actor::stateful_pointer<pool_state> self,
                                         const endpoint_factory& endpoints,
                                         const worker_pool_config& config) {
  self->state.workers = std::make_unique<pool>(self, config, [self, endpoints] {
    return self->system().spawn<caf::detached>(work, endpoints);
  });
  // Passes a request on as it came.
  const auto pass = [self]<class T>(reply<T> answer, auto verb, const call_context& context,
                                    const auto&... what) {
    self->state.workers->run(answer, context.time_left, verb, context, what...);
    return answer.asker();
  };
  // One item a call, so that the connections work side by side.
  const auto spread = [self]<class Out, class In>(reply<many<result<Out>>> answer, auto verb,
                                                  const call_context& context,
                                                  const many<In>& items) {
    self->state.workers->run_many(answer, context.time_left, 1, items, verb, context);
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
  };
}

} // namespace

connection_actor spawn_connection_pool(caf::actor_system& system, endpoint_factory endpoints,
                                       worker_pool_config config) {
  config.validate().value();
  return system.spawn(dispatch, std::move(endpoints), config);
}

} // namespace deja
