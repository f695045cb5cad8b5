#pragma once

#include <deja/actors/catalog_client_config.hpp>
#include <deja/messages/actors.hpp>

namespace deja {

/// Spawns the synchronous client: makes keys, calls the service by `connection`, reads and checks
/// blobs by `storage`. It never blocks. Each operation ends within its time, with
/// deadline_exceeded at the latest. Ends with `send_exit`.
///
/// A look-up takes for a miss (not_found), and says so in its text, what no caller could use: an
/// entry over the age limit, without metadata or source identifier, or whose outputs are gone from
/// the store or are no LiteralMap.
catalog_client_actor spawn_catalog_client(caf::actor_system& system, connection_actor connection,
                                          storage_actor storage, catalog_client_config config = {});

} // namespace deja
