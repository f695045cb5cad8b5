#pragma once

#include <deja/messages/cache.hpp>

#include <map>
#include <set>
#include <vector>

namespace deja {

/// When which reservation is to be extended. A reservation runs out after several heartbeats (three
/// in Flyte's service), so one beat each two thirds of a heartbeat leaves room for some that fail.
/// After a failure the next try comes sooner. Time is passed in. Not thread-safe.
class lease_schedule {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A reservation by key and owner.
  struct name {
    entry_key key;
    std::string owner;

    auto operator<=>(const name&) const = default;
  };

  /// A reservation whose beat is due.
  struct beat {
    name whose;
    duration heartbeat;
  };

  /// Begins, or goes on with another heartbeat, at least 1 ms: the next beat is due two thirds of
  /// it from `now`.
  void hold(const name& whose, duration heartbeat, time_point now);

  /// The extension failed: the next beat is due a quarter of the heartbeat from `now`. Nothing
  /// where the reservation is not held any more.
  void retry(const name& whose, time_point now);

  /// Ends. Whether it was held.
  bool drop(const name& whose);

  bool holds(const name& whose) const { return held_.contains(whose); }

  /// The beats that are due, and those due so soon that they go along: within an eighth of the
  /// first one's heartbeat. None of them is due again until `hold` or `retry` says when.
  std::vector<beat> take_due(time_point now);

  /// When the next beat is due; the end of time where none is.
  time_point next() const;

private:
  struct lease {
    duration heartbeat{};
    time_point due;
  };

  void plan(std::map<name, lease>::iterator held, time_point due);

  std::map<name, lease> held_;
  std::set<std::pair<time_point, name>> beats_; // in order of their times
};

} // namespace deja
