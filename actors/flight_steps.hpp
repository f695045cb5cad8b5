#pragma once

#include <deja/actors/computation_slots.hpp>
#include <deja/actors/flights.hpp>
#include <deja/actors/memoizer_config.hpp>

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <random>

namespace deja {

/// What a memoizer takes beside its interface.
using memoizer_self = memoizer_actor::extend_with<lease_holder_actor>::extend<
    // The flight's pause is over, or a caller's patience, or the time to stop.
    caf::reacts_to<tick_atom, std::uint64_t, std::uint64_t>>;

/// Takes flights through the steps that their `memoization` says: each is a request to another
/// actor, a task among them, whose answer leads on to the next step. For the thread of `self` only.
class flight_steps {
public:
  /// Whom flights ask. Without a connection they don't hear of another process, but look.
  struct asked {
    catalog_client_actor client;
    reservation_heartbeat_actor heartbeat;
    connection_actor connection; // may be none
  };

  /// Is told of a flight: its calls are to get the stale outputs, while it goes on; or it has come
  /// to its end, and is to be removed.
  struct listener {
    std::function<void(flight&)> stale;
    std::function<void(flight&, const memoization_step::finished&)> finished;
  };

  flight_steps(memoizer_self::pointer self, flights& all, asked whom, memoizer_config config,
               listener told);

  /// Does the next step, whose end goes on from there.
  void go_on(flight& one);

  /// The flight has slept through the pause with this number.
  void slept(std::uint64_t id, std::uint64_t pause);

  /// A computation waits for the flight: so it takes no slot, which that one may have.
  void become_part(flight& one);

  /// The reservation of this key is another's now.
  void lost(const entry_key& key, const reservation& theirs);

  void task_ended(const caf::actor_addr& who);

  /// Tells the task, if it computes, that nobody wants the outputs any more.
  void cancel(const flight& one);

  /// Takes back what the flight has begun. It is to be removed.
  void abandon(flight& one);

private:
  using literals = shared<core::LiteralMap>;

  void carry_out(flight& one, const memoization_step::look_up& next);
  void carry_out(flight& one, const memoization_step::reserve& next);
  void carry_out(flight& one, const memoization_step::wait& next);
  void carry_out(flight& one, const memoization_step::compute& next);
  void carry_out(flight& one, const memoization_step::put& next);
  void carry_out(flight& one, const memoization_step::release& next);
  void carry_out(flight& one, const memoization_step::finished& next);

  void looked_up(flight& one, const catalog_entry& found);
  bool is_young(const catalog_entry& found, duration max_age) const;

  /// The cache could not be asked: it is computed without.
  void fail(flight& one, const error& why);

  /// Each call that finds out for itself that the cache is out of reach would lose time with that.
  void note_if_away(const error& why);

  void reserved(flight& one, const result<reservation>& held);
  void let_go(const entry_key& where, const std::string& owner);

  void sleep(flight& one, duration time);
  void wake(flight& one);

  /// The flight, if it is being computed.
  flight* computing(std::uint64_t id);
  void computed(flight& one, const literals& outputs);
  void failed_to_compute(flight& one, const error& why);

  /// A task may compute several at a time.
  void watch(const task_actor& task);
  void unwatch(const task_actor& task);

  bool take_slot(flight& one);
  void give_slot(flight& one);

  void put(flight& one, const put_condition& when);

  /// An entry whose outputs are gone is no hit for anyone, so it must not be in the way either.
  void replace_if_dead(flight& one, put_condition when, put_status done);
  void was_put(flight& one, const result<put_status>& done);

  /// Sends a request of the flight's; the answers come while the flight still is.
  template <class T, class Whom, class Then, class Fail, class... Ts>
  void ask(const flight& one, const Whom& whom, Then then, Fail fail, Ts... what);

  memoizer_self::pointer self_;
  flights& flights_;
  asked whom_;
  memoizer_config config_;
  listener listener_;
  computation_slots slots_;
  error away_{};                                   // why the cache was out of reach
  caf::actor_clock::time_point away_until_{};      // it is not asked again before
  std::map<caf::actor_addr, std::size_t> watched_; // tasks, and how many computations each has
  std::minstd_rand random_{std::random_device{}()};
};

} // namespace deja
