#pragma once

#include <deja/messages/error.hpp>

namespace deja {

/// How many workers a pool has, and how much may wait for them.
struct worker_pool_config {
  std::size_t workers = 8;    ///< Threads; made when they are needed. 1 to 1024.
  std::size_t waiting = 1024; ///< Requests that wait for one; one more is resource_exhausted.

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

} // namespace deja
