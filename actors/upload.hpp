#pragma once

#include <deja/actors/catalog_client_config.hpp>
#include <deja/messages/actors.hpp>

namespace deja {

/// Spawns a worker that carries out chunks of uploads; several make keys side by side. Each item
/// fails by itself. Ends with `send_exit`.
upload_actor spawn_upload(caf::actor_system& system, connection_actor connection,
                          storage_actor storage, catalog_client_config config = {});

} // namespace deja
