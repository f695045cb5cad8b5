#include <deja/actors/upload.hpp>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja {

namespace {

struct state {
  state() = default;
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  ~state() { caf::anon_send_exit(client, caf::exit_reason::user_shutdown); }

  catalog_client_actor client;
};

upload_actor::behavior_type behave(upload_actor::stateful_pointer<state> self,
                                   const connection_actor& connection, const storage_actor& storage,
                                   const catalog_client_config& config) {
  self->state.client = spawn_catalog_client(self->system(), connection, storage, config);
  return {
      [self](upload_atom, const call_context& context, const many<catalog_put>& items) {
        return self->delegate(self->state.client, put_atom_v, context, items);
      },
  };
}

} // namespace

upload_actor spawn_upload(caf::actor_system& system, connection_actor connection,
                          storage_actor storage, catalog_client_config config) {
  config.validate().value();
  return system.spawn(behave, std::move(connection), std::move(storage), std::move(config));
}

} // namespace deja
