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

  /// Ends when the service ends: calls then get unavailable.
  cache_gateway(caf::actor_system& system, cache_service_actor service);
  cache_gateway(const cache_gateway&) = delete;
  cache_gateway& operator=(const cache_gateway&) = delete;

  /// Calls under way get unavailable.
  ~cache_gateway();

  /// Applies the operation; `when_done` is called exactly once, from any thread, and must not
  /// block. The first of a message's operations posts its sending.
  void apply(operation what, done when_done, const post& later);

private:
  class state;

  std::shared_ptr<state> state_;
};

} // namespace deja
