#pragma once

#include <deja/actors/catalog_config.hpp>
#include <deja/messages/actors.hpp>

namespace deja {

/// The actors of one catalog.
struct catalog_handles {
  catalog_actor root; ///< Ends all others.
  download_supervisor_actor reader;
  upload_supervisor_actor writer;
  memoizer_actor memoizer;
  catalog_client_actor client;
  storage_actor storage;
  connection_actor connection;
  reservation_heartbeat_actor heartbeat;
};

/// Spawns a catalog in the host's actor system, which has been given to `configure`. Several may
/// live in one system. It ends when `root` ends: by `stop`, or with `send_exit`.
///
///     auto catalog = deja::spawn_catalog(system, config).value();
///     self->request(catalog.root, 1s, deja::start_atom_v).then(...);
///     self->request(catalog.reader, 30s, deja::download_atom_v, context, requests).then(...);
///
/// Errors: those of `catalog_config::validate`, and of opening index and store.
result<catalog_handles> spawn_catalog(caf::actor_system& system, const catalog_config& config);

} // namespace deja
