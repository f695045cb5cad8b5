#pragma once

#include <deja/messages/actors.hpp>
#include <deja/transport/index/index.hpp>

namespace deja {

/// What the cache service may hold at once.
struct cache_service_config {
  /// The index is given at most this many operations as one group, but always a whole request.
  std::size_t group_operations = 1024;

  /// Operations and keys that may wait; a request beyond is resource_exhausted.
  std::size_t waiting_operations = 65'536;

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// Spawns the actor that gathers the writes of many callers: while the index makes one group
/// durable, the next one grows, and is handed over as soon as it is as large. Ends with
/// `send_exit`; requests that are under way then get unavailable, and may have happened.
cache_service_actor spawn_cache_service(caf::actor_system& system, std::shared_ptr<index> index,
                                        cache_service_config config = {});

} // namespace deja
