#pragma once

#include <atomic>
#include <cstdint>

namespace deja::http {

/// What a service has done since its start, an item each, whatever the call. Thread-safe.
struct call_counters {
  std::atomic<std::uint64_t> hits = 0;
  std::atomic<std::uint64_t> misses = 0;
  std::atomic<std::uint64_t> puts = 0; ///< That were stored.
};

} // namespace deja::http
