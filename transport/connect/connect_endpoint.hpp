#pragma once

#include <deja/transport/blob/content_store.hpp>
#include <deja/transport/cache_endpoint.hpp>

namespace deja {

/// How to reach a cache service over HTTP.
struct connect_config {
  std::string url;     ///< `http://host:port` (https too), or `unix:/path/of/socket`.
  std::string token{}; ///< Sent as `Authorization: Bearer …`; may be empty.
  duration timeout = std::chrono::seconds{10}; ///< For a call whose context has no time left.

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// Flyte's calls over the Connect protocol, binary bodies; Flyte's own service answers it too. A
/// put with `when.held` extends the reservation first and fails with failed_precondition where it
/// is another's; a put into an entry that exists compares by looking it up. `when.generation` can't
/// be sent: it becomes an overwrite.
std::unique_ptr<cache_endpoint> make_connect_endpoint(connect_config config);

/// The content store of a service: `GET`, `HEAD`, `PUT /cas/sha256/<hex>`.
std::unique_ptr<content_store> make_connect_content_store(connect_config config);

} // namespace deja
