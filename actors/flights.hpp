#pragma once

#include <deja/actors/memoization.hpp>
#include <deja/actors/reply.hpp>
#include <deja/messages/actors.hpp>

#include <caf/actor_clock.hpp>

#include <deque>
#include <map>

namespace deja {

/// One call of `memoize`.
struct memoize_call {
  std::uint64_t number; ///< Ours.
  std::uint64_t name;   ///< As the caller calls it; 0: none.
  memoize_request wanted;
  task_actor task;
  reply<memoized> answer;
};

/// Calls with the same of all this are one flight.
struct flight_key {
  entry_key where;
  bool overwrite = false;
  duration max_age{};
  bool serve_stale = false;
  std::uint64_t alone = 0; ///< A number of its own for a call that joins no other.

  auto operator<=>(const flight_key&) const = default;
};

/// Calls for one task, and how far it is.
struct flight {
  std::uint64_t id = 0;
  flight_key key;
  std::string owner; ///< Of its reservation.
  memoization course;
  std::deque<memoize_call> calls{};        ///< The first one's task computes, or will.
  std::optional<memoize_call> computing{}; ///< Whose task does.
  bool is_part = false;                    ///< A call comes from a computation, which waits.
  bool has_slot = false;                   ///< Counts among the computations.
  bool reserved = false;
  bool lost = false;                    ///< The reservation, while it was computed.
  bool waited = false;                  ///< For another process.
  std::uint64_t pause = 0;              ///< The latest; others are over.
  std::optional<duration> slept{};      ///< In it, where that was not its time.
  std::optional<std::uint64_t> seen{};  ///< An entry that a wait told of, not handed out.
  caf::actor_clock::time_point began{}; ///< To compute.
  std::optional<error> failure{};       ///< Of the computation.
  std::optional<memoized> stale{};      ///< What calls get; it is refreshed for nobody.
  memoized outcome{};

  const shared<catalog_key>& task_key() const {
    return computing ? computing->wanted.key : calls.front().wanted.key;
  }

  bool is_computing() const {
    return std::holds_alternative<memoization_step::compute>(course.next());
  }
};

/// All flights of a memoizer. A flight stays where it is until it is removed.
class flights {
public:
  flights();

  /// Another flight. Its owner is unlike any other's anywhere.
  flight& add(flight_key key, memoization_options options);

  void remove(const flight& one);
  void clear();

  /// Null where there is none.
  flight* find(std::uint64_t id);
  flight* find(const flight_key& key);

  bool empty() const { return by_id_.empty(); }

  auto begin() { return by_id_.begin(); }

  auto end() { return by_id_.end(); }

private:
  std::string owner_; // the first part of each one's
  std::map<std::uint64_t, flight> by_id_;
  std::map<flight_key, std::uint64_t> by_key_;
  std::uint64_t last_ = 0;
};

} // namespace deja
