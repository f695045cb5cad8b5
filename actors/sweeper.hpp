#pragma once

#include <deja/messages/actors.hpp>
#include <deja/transport/collect/access_log.hpp>
#include <deja/transport/collect/collection.hpp>

#include <atomic>

namespace deja {

/// When a sweeper does what.
struct sweeper_config {
  /// What a round clears up. Its contents are left alone but every `contents_every`.
  collection_plan plan{};

  duration every = std::chrono::minutes{1}; ///< From the end of a round to the next; up to a day.
  duration contents_every = std::chrono::hours{1};
  /// Set by whoever drops entries together with their contents: then these are looked for again as
  /// soon as the grace allows. Null: nobody does.
  std::shared_ptr<std::atomic<bool>> dropped{};

  duration flush_every = std::chrono::seconds{5}; ///< Uses are recorded; a crash loses so many.

  /// What all this costs: after each step, and each group of uses, the sweeper rests so many times
  /// as long as it took.
  unsigned rest = 9;

  /// False: runs among other actors, which its steps then keep waiting. For tests.
  bool own_thread = true;

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// What a sweeper tells of its rounds, from its thread.
using sweeper_report = std::function<void(const result<collection_report>&)>;

/// Spawns the actor that clears up: at once, and then from time to time, in bounded steps. After a
/// failure it tries again with the next round. Uses in `log` are recorded in groups. `parts` must
/// outlive it; it ends with `stop_atom`.
sweeper_actor spawn_sweeper(caf::actor_system& system, collection_parts parts,
                            std::shared_ptr<access_log> log, sweeper_config config = {},
                            sweeper_report report = {});

/// The way through the cache service for `collection_parts`: waits for the outcomes.
std::function<std::vector<outcome>(std::vector<operation>)>
apply_through(caf::actor_system& system, cache_service_actor service);

} // namespace deja
