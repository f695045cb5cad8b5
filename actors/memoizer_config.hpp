#pragma once

#include <deja/actors/metrics_scope.hpp>
#include <deja/messages/clock.hpp>
#include <deja/messages/error.hpp>

namespace deja {

/// How a memoizer works.
struct memoizer_config {
  /// How often a reservation is extended. The service lets one run out after a few of them (Flyte's
  /// three), so that is how long others wait for a process that was killed. 1 ms to 1 h.
  duration heartbeat = std::chrono::seconds{2};
  /// Computations at a time, but for those that are part of another; zero: no limit.
  std::size_t computations = 0;
  duration max_age{};                ///< For calls that name none; zero: any age.
  std::size_t max_calls = 1'048'576; ///< Under way; one more is resource_exhausted.
  std::shared_ptr<const deja::clock> clock = deja::clock::system(); ///< For ages of entries.
  std::shared_ptr<metrics_scope> metrics{};                         ///< May be empty.

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

} // namespace deja
