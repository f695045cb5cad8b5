#pragma once

#include <deja/messages/catalog.hpp>
#include <deja/messages/wait.hpp>

#include <functional>
#include <memory>
#include <span>

namespace deja {

/// Where the calls to the cache go: a service over HTTP, or a data folder in this process.
/// Blocking, so called from detached actors only. An endpoint is used by one thread at a time. Each
/// call ends within `context.time_left` (default: 10 s) with an answer or deadline_exceeded.
///
/// The calls for many items give an outcome for each, in order; the same key may occur more than
/// once. Here they are single calls; an endpoint that can does better.
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

  virtual std::vector<result<found_output>> get_many(const call_context& context,
                                                     std::span<const entry_key> keys);
  virtual std::vector<result<put_status>> put_many(const call_context& context,
                                                   std::span<const entry_put> puts);
  virtual std::vector<result<reservation>>
  reserve_many(const call_context& context, std::span<const reservation_request> requests);
  virtual std::vector<result<void>> release_many(const call_context& context,
                                                 std::span<const release_request> requests);

  /// How many items one call to the service takes. 1: each is a call of its own, and several
  /// endpoints side by side are quicker. 0: that is not known yet.
  virtual std::size_t items_per_call() const { return 1; }

  /// Waits until something has come of the key; `timeout` where nothing has by the end of the
  /// context's time, or of what the service allows. unimplemented where it can't be waited for:
  /// then the caller has to look again and again.
  virtual result<waited> wait(const call_context& context, const wait_request& what);
};

/// Makes one more way to the service. Called from the threads that use them.
using endpoint_factory = std::function<std::unique_ptr<cache_endpoint>()>;

} // namespace deja
