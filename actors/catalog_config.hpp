#pragma once

#include <deja/actors/memoizer_config.hpp>
#include <deja/actors/storage_config.hpp>
#include <deja/actors/work_config.hpp>
#include <deja/transport/blob/blob_store.hpp>
#include <deja/transport/cache_endpoint.hpp>
#include <deja/transport/index/index.hpp>

namespace deja {

/// What a catalog works on, and how. What the host passes in goes before what is named by URL.
struct catalog_config {
  std::string service{};            ///< URL of a cache service; empty: one in this process.
  std::string token{};              ///< Its access token; may be empty.
  std::string index = "memory:";    ///< URL of the index, for the service in this process.
  std::string store = "mem://deja"; ///< URL of the data store, or a folder.

  endpoint_factory endpoints{};             ///< The host's own client.
  std::shared_ptr<deja::index> own_index{}; ///< The host's own index, not `index`.
  std::shared_ptr<blob_store> own_store{};  ///< The host's own data store, not `store`.
  std::shared_ptr<const deja::clock> clock = deja::clock::system(); ///< For ages of entries.
  std::shared_ptr<metrics_scope> metrics{};                         ///< May be empty.

  work_config reader{};     ///< The queue of downloads.
  work_config writer{};     ///< The queue of uploads.
  duration max_cache_age{}; ///< Older entries are misses, where a call names no age; zero: any age.
  duration timeout = std::chrono::seconds{10};  ///< For a call to the service.
  duration heartbeat = std::chrono::seconds{2}; ///< How often a reservation is extended.
  std::size_t computations = 0;                 ///< At a time, by `memoize`; zero: no limit.
  worker_pool_config connections{};             ///< To a service that is not in this process.
  storage_config storage{};

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

} // namespace deja
