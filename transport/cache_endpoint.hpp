#pragma once

#include <deja/messages/catalog.hpp>

#include <functional>
#include <memory>

namespace deja {

/// Where Flyte's five calls go: a service over HTTP, or a data folder in this process. Blocking,
/// so called from detached actors only. An endpoint is used by one thread at a time. Each call ends
/// within `context.time_left` (default: 10 s) with an answer or deadline_exceeded.
class cache_endpoint {
public:
  virtual ~cache_endpoint() = default;

  /// The entry; not_found is a miss.
  virtual result<found_output> get(const call_context& context, const entry_key& key) = 0;

  /// Puts `output` under `key` where `when` allows. An entry in the way is no failure but one of
  /// the `already_…` values. `when.held` without it being held: failed_precondition.
  virtual result<put_status> put(const call_context& context, const entry_key& key,
                                 const cacheservice::CachedOutput& output,
                                 const put_condition& when) = 0;

  /// Deletes the entry; not_found where there is none.
  virtual result<void> remove(const call_context& context, const entry_key& key) = 0;

  /// Acquires or extends the reservation; the answer is the one in force, ours or another's.
  virtual result<reservation> reserve(const call_context& context, const entry_key& key,
                                      const std::string& owner, duration heartbeat) = 0;

  /// Releases it if `owner` has it. Nothing to release is no error.
  virtual result<void> release(const call_context& context, const entry_key& key,
                               const std::string& owner) = 0;
};

/// Makes one more way to the service. Called from the threads that use them.
using endpoint_factory = std::function<std::unique_ptr<cache_endpoint>()>;

} // namespace deja
