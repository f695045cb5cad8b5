#pragma once

#include <deja/actors/memoizer_config.hpp>
#include <deja/messages/actors.hpp>

namespace deja {

/// Spawns the memoizer. Calls for the same scope, key, overwrite and age are one flight: one of
/// their tasks computes, under a reservation that `heartbeat` keeps alive, and all get its outputs.
/// A task that fails or dies answers its own call; the next call of the flight takes over. It
/// follows `memoization`, which says what is done when. A cache out of reach keeps nobody from
/// computing, and is asked again a second later at the earliest. A task is sent `compute` at most
/// once a flight, and after that maybe `cancel`. Another process is waited for at `connection`
/// where the service lets it; else it is looked for again and again.
///
/// Ends by `stop`, or with `send_exit`: calls under way then get unavailable, and what is reserved
/// is released.
memoizer_actor spawn_memoizer(caf::actor_system& system, catalog_client_actor client,
                              storage_actor storage, reservation_heartbeat_actor heartbeat,
                              memoizer_config config = {}, connection_actor connection = {});

} // namespace deja
