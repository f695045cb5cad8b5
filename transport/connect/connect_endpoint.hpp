#pragma once

#include <deja/transport/blob/content_store.hpp>
#include <deja/transport/cache_endpoint.hpp>

#include <stop_token>

namespace deja {

/// How to reach a cache service over HTTP.
struct connect_config {
  std::string url;     ///< `http://host:port` (https too), or `unix:/path/of/socket`.
  std::string token{}; ///< Sent as `Authorization: Bearer …`; may be empty.
  duration timeout = std::chrono::seconds{10}; ///< For a call whose context has no time left.
  std::stop_token stop{}; ///< Once this is stopped, calls end with canceled, those under way too.

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// The calls over the Connect protocol, binary bodies. Flyte's own service answers them too: where
/// a service does not have Deja's extension, which is found out by a call of it and looked at again
/// after some minutes, it is asked by Flyte's calls alone. Those take one item each and tell no
/// fencing token and no generation. A put with `when.held` then extends the reservation first and
/// fails with failed_precondition where it is another's; one into an entry that exists compares by
/// looking it up; `when.generation` becomes an overwrite; and nobody can wait.
std::unique_ptr<cache_endpoint> make_connect_endpoint(connect_config config);

/// The content store of a service: `GET`, `HEAD`, `PUT /cas/sha256/<hex>`.
std::unique_ptr<content_store> make_connect_content_store(connect_config config);

} // namespace deja
