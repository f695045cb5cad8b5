#pragma once

#include <deja/messages/clock.hpp>
#include <deja/messages/error.hpp>

namespace deja {

/// How the catalog client works.
struct catalog_client_config {
  duration timeout = std::chrono::seconds{10}; ///< For a call whose context has no time left.
  std::size_t recorded_owners = 10'000; ///< Local records kept; the oldest goes for a new one.
  std::shared_ptr<const deja::clock> clock = deja::clock::system(); ///< For ages of entries.

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

} // namespace deja
