#pragma once

#include <cstdint>
#include <string_view>

namespace deja {

/// Where the host counts what its catalog does. Thread-safe; must not block.
///
/// | name | counts |
/// |---|---|
/// | `reader.cache_hit`, `writer.cache_hit` | items that the queue's index knew |
/// | `reader.cache_miss`, `writer.cache_miss` | items that it did not |
/// | `reader.proc_errors`, `writer.proc_errors` | items that a worker failed, each attempt |
/// | `reader.retries`, `writer.retries` | attempts after the first |
/// | `reader.workers_replaced`, `writer.workers_replaced` | workers that died or hung |
/// | `memoizer.hit`, `.stale`, `.waited`, `.stored`, `.lost_race`, `.not_stored`, `.failed` | calls
/// | | `memoizer.reservations_lost` | reservations that became another's |
///
/// The first three of a queue are Flyte's.
class metrics_scope {
public:
  virtual ~metrics_scope() = default;

  virtual void count(std::string_view name, std::uint64_t more) = 0;
};

} // namespace deja
