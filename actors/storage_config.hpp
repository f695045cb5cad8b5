#pragma once

#include <deja/actors/worker_pool_config.hpp>

#include <cstdint>

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

} // namespace deja
