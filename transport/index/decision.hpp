#pragma once

#include <deja/messages/operation.hpp>

#include <functional>

namespace deja {

/// A reservation as an index on one machine keeps it: with its end on the boot clock.
struct reservation_row {
  deja::reservation reservation; ///< `expires` is worked out when it is handed out.
  duration lease{};              ///< What it was last granted for.
  duration ends{};               ///< Since boot.
};

/// What an index has under one key. Neither is ever changed, only replaced, so that readers need no
/// copy.
struct stored_state {
  shared<deja::entry> entry;
  shared<reservation_row> reservation;
};

/// When a decision is made, and where its numbers come from.
struct decision_context {
  wall_time now;
  duration since_boot;
  std::function<std::uint64_t()> next_number; ///< From one durable sequence, never reset.
};

/// Decides one operation: changes `state` and gives the outcome. The rules of every index that
/// keeps its rows on one machine; put-if-absent, fencing and expiry are decided here and nowhere
/// else.
outcome decide(const operation& what, stored_state& state, const decision_context& context);

/// What of `state` may be handed out: nothing that has expired.
outcome visible(const stored_state& state, const decision_context& context);

/// What of `state` expired at least `expired_for` ago.
outcome expired(const stored_state& state, const decision_context& context, duration expired_for);

/// Why operations are refused, the same from every index.
error no_longer_held(const put_operation& put);
error in_the_way(const put_operation& put); ///< An entry that it may not replace.
error nothing_there(const delete_operation& remove);
error moved_on(const delete_operation& remove); ///< Another generation than the one named.

/// The key an operation is about.
const entry_key& key_of(const operation& what);

} // namespace deja
