#pragma once

#include <deja/actors/metrics_scope.hpp>
#include <deja/transport/retry_schedule.hpp>

#include <memory>

namespace deja {

/// How an indexed work queue works. The defaults of Flyte's are Flyte's.
struct work_config {
  std::size_t workers = 10;                   ///< Chunks that are carried out at a time; 1 to 1024.
  retry_limits retry{.attempts = 3};          ///< Of an item; Flyte's maxRetries.
  std::size_t max_items = 10'000;             ///< Finished items that are remembered.
  std::size_t max_in_flight = 1'048'576;      ///< Items; a request beyond is resource_exhausted.
  std::size_t chunk = 128;                    ///< Items a worker gets at once, at most.
  duration timeout = std::chrono::minutes{1}; ///< For one chunk; then its items are tried again.

  std::shared_ptr<metrics_scope> metrics{}; ///< May be empty.

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

} // namespace deja
