#pragma once

#include <deja/actors/storage_config.hpp>
#include <deja/messages/actors.hpp>
#include <deja/transport/blob/blob_store.hpp>

namespace deja {

/// Spawns a pool of detached actors on one data store, behind one handle; on one in memory, which
/// is quick, a single actor. References outside of the
/// store's root are refused by the store. Ends with `send_exit`.
storage_actor spawn_storage(caf::actor_system& system, std::shared_ptr<blob_store> blobs,
                            storage_config config = {});

} // namespace deja
