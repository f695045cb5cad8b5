#pragma once

#include <deja/messages/operation.hpp>
#include <deja/messages/wait.hpp>

#include <chrono>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

namespace deja {

/// Who waits for what at a service, and what they are told. Notifications only make it quick: each
/// key that is waited for is also looked up from time to time, and when its reservation should have
/// run out. It asks nobody and knows no clock: it says which keys to look up and is told what was
/// found. A look-up's cost grows with those it concerns, so that many may wait for one key. Not
/// thread-safe.
///
///     room.enter(wanted, patience, now);
///     auto keys = room.due(now);                         // look them up, then
///     for (auto& [who, what] : room.looked_up(keys, found, now, wall)) tell(who, what);
///     for (auto& [who, what] : room.out_of_patience(now)) tell(who, what);
class waiting_room {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using number = std::uint64_t;

  struct limits {
    std::size_t waiters = 65'536;                  ///< One more is resource_exhausted.
    duration look_every = std::chrono::seconds{1}; ///< At each key, whatever is heard of it.
    std::size_t keys_at_once = 1024;               ///< At most this many in one look-up.
  };

  struct told {
    number who;
    waited what;
  };

  explicit waiting_room(limits allowed) : limits_(allowed) {}

  /// A new waiter, who waits until `patience` ends at the latest.
  result<number> enter(wait_request wanted, time_point patience, time_point now);

  void leave(number who);

  /// These keys may have changed.
  void changed(std::span<const entry_key> keys, time_point now);

  /// The keys to be looked up now; each is answered by `looked_up` before it is due again.
  std::vector<entry_key> due(time_point now);

  /// What a look-up found, an outcome a key. Who is told of it waits no longer. Where it failed the
  /// keys are looked up again.
  std::vector<told> looked_up(std::span<const entry_key> keys, std::span<const outcome> found,
                              time_point now, wall_time wall);

  /// Whose time is up.
  std::vector<told> out_of_patience(time_point now);

  /// When to ask for `due` again, unless something comes before.
  std::optional<time_point> next_look() const;

  /// When to ask for `out_of_patience` again.
  std::optional<time_point> next_end() const;

  std::size_t waiters() const { return waiters_.size(); }

  std::size_t waiters_for(const entry_key& key) const;

private:
  struct hash {
    std::size_t operator()(const entry_key& key) const;
  };

  /// One key, while somebody waits for it.
  struct watched {
    std::set<number> waiters; // in the order they came
    std::optional<std::uint64_t> generation{};
    std::optional<deja::reservation> holder{};
    time_point runs_out{}; // the holder's reservation
    number judged = 0;     // who came after this one has not been judged by what is known
    number asked = 0;      // the last who had come when it was asked
    time_point look{};     // the next
    bool asking = false;
    bool changed = false; // since it was asked
  };

  struct waiter {
    wait_request wanted;
    time_point patience;
  };

  using watched_keys = std::unordered_map<entry_key, watched, hash>;

  void look_at(watched_keys::value_type& key, time_point when);
  void tell(watched& key, const outcome& found, time_point now, wall_time wall,
            std::vector<told>& all);
  static bool take(watched& key, const outcome& found);
  static std::optional<wait_event> judge(const wait_request& wanted, const watched& key,
                                         wait_event free);
  void forget(number who);

  const limits limits_;
  number last_ = 0;
  std::unordered_map<number, waiter> waiters_;
  std::set<std::pair<time_point, number>> patience_;
  watched_keys keys_;
  std::set<std::pair<time_point, watched_keys::value_type*>> looks_; // those not being asked
};

} // namespace deja
