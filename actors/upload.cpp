#include <deja/actors/upload.hpp>

#include <deja/actors/catalog_calls.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja {

namespace {

/// What the actor also hears from its alarm.
using own_actor = upload_actor::extend<caf::reacts_to<tick_atom>>;

struct state {
  std::unique_ptr<catalog_calls<own_actor::pointer>> calls;
};

own_actor::behavior_type behave(own_actor::stateful_pointer<state> self,
                                const connection_actor& connection, const storage_actor& storage,
                                const catalog_client_config& config) {
  self->state.calls =
      std::make_unique<catalog_calls<own_actor::pointer>>(self, connection, storage, config);
  return {
      [self](upload_atom, const call_context& context, const many<catalog_put>& items) {
        const reply answer{self->make_response_promise<many<result<put_status>>>()};
        self->state.calls->put(context, items, {all_to(answer), answer});
        return answer.asker();
      },
      [self](tick_atom) { self->state.calls->tick(); },
  };
}

} // namespace

upload_actor spawn_upload(caf::actor_system& system, connection_actor connection,
                          storage_actor storage, catalog_client_config config) {
  config.validate().value();
  return system.spawn(behave, std::move(connection), std::move(storage), std::move(config));
}

} // namespace deja
