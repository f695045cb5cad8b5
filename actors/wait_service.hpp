#pragma once

#include <deja/actors/waiting_room.hpp>
#include <deja/messages/actors.hpp>
#include <deja/messages/clock.hpp>
#include <deja/transport/index/index.hpp>

namespace deja {

/// How many may wait at a service, and for how long.
struct wait_service_config {
  waiting_room::limits limits{};
  duration longest = std::chrono::seconds{50}; ///< A wait for longer ends then; up to an hour.
  std::shared_ptr<const deja::clock> clock = deja::clock::system();

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// Spawns the actor that those who wait for keys wait at. It is the index's watcher, and looks by
/// itself for what it is not told. Ends with `send_exit`; who waits then gets unavailable.
wait_service_actor spawn_wait_service(caf::actor_system& system, std::shared_ptr<index> index,
                                      wait_service_config config = {});

} // namespace deja
