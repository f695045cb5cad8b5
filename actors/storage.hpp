#pragma once

#include <deja/actors/worker_pool_config.hpp>
#include <deja/messages/actors.hpp>
#include <deja/transport/blob/blob_store.hpp>

namespace deja {

/// How the data store is used.
struct storage_config {
  worker_pool_config pool{};
  std::size_t piece = 8; ///< Blobs of one request that a worker reads or writes in turn.
  std::uint64_t download_limit = std::uint64_t{2} << 20; ///< The largest message read, in bytes.
  std::uint64_t payload_limit = std::uint64_t{2} << 20;  ///< The largest outputs put, in bytes.

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// Spawns a pool of detached actors on one data store, behind one handle. References outside of the
/// store's root are refused by the store. Ends with `send_exit`.
storage_actor spawn_storage(caf::actor_system& system, std::shared_ptr<blob_store> blobs,
                            storage_config config = {});

} // namespace deja
