#pragma once

#include <deja/messages/actors.hpp>

namespace deja {

/// Spawns the actor that keeps this process' reservations alive, all that are due in
/// one request to `connection`.
///
/// - A reservation that is found to be another's is a loss: the holder is told, once, and no more
///   is done about it. A service out of reach is no loss; it is asked again, sooner.
/// - A holder that ends, for whatever reason, lets go of all that it held.
/// - After `let_go` is answered, no extension of that reservation is under way, which could bring
/// it
///   back to life.
///
/// Ends with `send_exit`, and then releases nothing: what was held runs out.
reservation_heartbeat_actor spawn_reservation_heartbeat(caf::actor_system& system,
                                                        connection_actor connection);

} // namespace deja
