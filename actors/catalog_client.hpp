#pragma once

#include <deja/messages/actors.hpp>
#include <deja/messages/clock.hpp>

namespace deja {

/// How the catalog client works.
struct catalog_client_config {
  duration timeout = std::chrono::seconds{10}; ///< For a call whose context has no time left.
  std::size_t recorded_owners = 10'000; ///< Local records kept; the oldest goes for a new one.
  std::shared_ptr<const deja::clock> clock = deja::clock::system(); ///< For ages of entries.

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

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
