#pragma once

#include <deja/messages/actors.hpp>

#include <functional>
#include <memory>

namespace deja {

/// The way to the cache service for threads that are no actors, as a server's loops. It gathers the
/// operations that come between two flushes into one message. Thread-safe.
///
///     gateway->apply(std::move(operation), done, [&](auto flush) { loop.post(std::move(flush));
///     });
class cache_gateway {
public:
  using done = std::function<void(outcome)>;
  using post = std::function<void(std::function<void()>)>;

  using waited_done = std::function<void(result<waited>)>;
  using counted = std::function<void(result<std::vector<std::uint64_t>>)>;

  /// Ends when the services end: calls then get unavailable.
  cache_gateway(caf::actor_system& system, cache_service_actor service,
                wait_service_actor waits = {});
  cache_gateway(const cache_gateway&) = delete;
  cache_gateway& operator=(const cache_gateway&) = delete;

  /// Calls under way get unavailable.
  ~cache_gateway();

  /// Applies the operation; `when_done` is called exactly once, from any thread, and must not
  /// block. The first of a message's operations posts its sending.
  void apply(operation what, done when_done, const post& later);

  /// Waits for a key, for at most `time` (zero: as long as the service allows). What is given back
  /// ends the wait with canceled; it may come late, and after the gateway.
  std::function<void()> wait(wait_request wanted, duration time, waited_done when_done);

  /// Counts who wait for each key; without keys, all who wait.
  void count_waiters(std::vector<entry_key> keys, counted when_done);

private:
  class state;

  std::shared_ptr<state> state_;
};

} // namespace deja
