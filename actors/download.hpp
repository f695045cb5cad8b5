#pragma once

#include <deja/actors/catalog_client_config.hpp>
#include <deja/messages/actors.hpp>

namespace deja {

/// How a download worker looks up.
struct download_config {
  catalog_client_config client{};
  duration max_age{}; ///< Older entries are misses; zero: any age.
};

/// Spawns a worker that carries out chunks of downloads; several make keys side by side. Each item
/// fails by itself. Ends with `send_exit`.
download_actor spawn_download(caf::actor_system& system, connection_actor connection,
                              storage_actor storage, download_config config = {});

} // namespace deja
