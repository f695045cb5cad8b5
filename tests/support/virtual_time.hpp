#pragma once

#include <deja/messages/caf_error.hpp>
#include <deja/messages/clock.hpp>
#include <deja/messages/configure.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>

namespace deja::testing {

/// An actor system whose time only passes in `advance`. One thread runs all actors but detached
/// ones, which escape it.
struct virtual_time {
  virtual_time() { scheduler.clock().current_time += std::chrono::hours{1}; }

  ~virtual_time() {
    scheduler.clock().cancel_all();
    settle();
  }

  /// Runs what there is to do; time stands still.
  void settle() {
    while (scheduler.has_job())
      scheduler.try_run_once();
  }

  /// Lets time pass, each timer at its own instant.
  void advance(duration span) {
    auto& clock = scheduler.clock();
    const auto end = clock.current_time + span;
    for (settle(); !clock.schedule().empty() && clock.schedule().begin()->first <= end; settle())
      clock.trigger_timeout();
    clock.current_time = end;
  }

  /// The answer to a request; deadline_exceeded where there is none within a minute.
  template <class T, class Handle, class... Ts>
  result<T> ask(const Handle& whom, Ts... what) {
    auto asked = self->request(whom, std::chrono::minutes{1}, std::move(what)...);
    settle();
    return answer<T>(asked);
  }

  /// The answer to a request that was sent before.
  template <class T, class Asked>
  result<T> answer(Asked& asked) {
    settle();
    // An unanswered request times out, and hangs no test.
    for (const auto time : {std::chrono::minutes{1}, std::chrono::minutes{60}})
      if (self->mailbox().empty())
        advance(time);
    std::optional<result<T>> told;
    asked.receive(
        [&](T& value) { told.emplace(boost::system::in_place_value, std::move(value)); },
        [&](const caf::error& why) { told.emplace(boost::system::in_place_error, from_caf(why)); });
    return std::move(*told);
  }

  struct testing_config : caf::actor_system_config {
    testing_config() {
      set("scheduler.policy", caf::atom("testing"));
      configure(*this);
    }
  };

  testing_config settings;
  caf::actor_system system{settings};
  caf::scheduler::test_coordinator& scheduler =
      dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  caf::scoped_actor self{system, true};
};

} // namespace deja::testing
