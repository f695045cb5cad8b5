#pragma once

#include <deja/messages/cache.hpp>
#include <deja/messages/shared.hpp>

#include <optional>
#include <variant>

namespace deja {

/// Puts an entry. Outcome: `entry` is the one that is there afterwards. Errors: already_exists
/// with `entry` the one in the way (compare `content` to tell the same value from another's),
/// failed_precondition where `when.held` is not held or `when.generation` has moved on.
struct put_operation {
  entry_key key;
  std::string task;
  std::string output; ///< CachedOutput's wire bytes without created_at and last_updated_at.
  digest content{};
  std::optional<wall_time> created{}; ///< Where the request has one; else kept, else now.
  std::optional<duration> lifetime{}; ///< From now on; none: for ever.
  put_condition when{};
};

/// Deletes an entry; not_found where there is none, failed_precondition where `generation` is
/// given and has moved on. Outcome: `entry` is the one that was there.
struct delete_operation {
  entry_key key;
  std::optional<std::uint64_t> generation{};
};

/// Acquires the reservation where there is none, or it has expired, or `owner` has it, which
/// extends it. Outcome: `reservation` is the one that is in force afterwards, ours or another's.
struct reserve_operation {
  entry_key key;
  std::string owner;
  duration heartbeat{}; ///< As it is to be reported.
  duration lease{};     ///< It expires after this unless it is extended.
};

/// Releases the reservation if `owner` has it. Nothing to release is no error. Outcome:
/// `reservation` is the one that was released.
struct release_operation {
  entry_key key;
  std::string owner;
};

/// Records that the entry was used. A missing entry is no error.
struct touch_operation {
  entry_key key;
};

/// Removes the entry, the reservation or both if they have expired. Nothing expired is no error.
/// Outcome: what was removed.
struct sweep_operation {
  entry_key key;
  /// Spares a reservation that expired less than this ago: its owner may still come back, and go on
  /// with the same fencing token. Not negative.
  duration reservation_rest{};
};

using operation = std::variant<put_operation, delete_operation, reserve_operation,
                               release_operation, touch_operation, sweep_operation>;

/// What became of one operation or of one key looked up.
struct outcome {
  std::optional<error> why{}; ///< Set where it failed.
  shared<deja::entry> entry{};
  std::optional<deja::reservation> reservation{};
};

} // namespace deja
