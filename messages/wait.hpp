#pragma once

#include <deja/messages/cache.hpp>

namespace deja {

/// What of a key is waited for: its entry, or that nobody computes it (any more).
struct wait_request {
  entry_key key;
  /// An entry of this generation, or an older one, is not what is waited for.
  std::optional<std::uint64_t> newer_than{};
  bool entry_only = false; ///< Only an entry ends the wait.
};

/// What ended a wait.
enum class wait_event {
  entry,        ///< There is an entry.
  released,     ///< The reservation was released, and there is no entry.
  expired,      ///< The reservation ran out.
  not_reserved, ///< Nobody had a reservation.
  timeout,      ///< Nothing came within the time.
};

/// How a wait ended.
struct waited {
  wait_event event = wait_event::timeout;
  std::optional<std::uint64_t> generation{}; ///< Of the entry.
  std::optional<reservation> holder{};       ///< Who computes it, where it is known.
  std::uint64_t others = 0; ///< Who waited for the same key: go on after a time that spreads them.
};

} // namespace deja
