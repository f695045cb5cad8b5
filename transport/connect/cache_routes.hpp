#pragma once

#include <deja/transport/connect/call_counters.hpp>
#include <deja/transport/connect/route.hpp>
#include <deja/transport/index/call_rules.hpp>
#include <deja/transport/index/index.hpp>

namespace deja::http {

/// Where writes go: applies one operation and calls back once, from any thread; `later` runs a
/// task on the session's loop, behind what is ready there now, so that what comes in one turn can
/// be gathered.
using write_path = std::function<void(operation what, std::function<void(outcome)> done,
                                      const std::function<void(std::function<void()>)>& later)>;

/// Told, from any thread, that an entry is gone whose contents are to go with it. Empty where a
/// service removes no contents.
using drop_contents = std::function<void()>;

/// Within which limits the calls are taken.
struct cache_routes_config {
  call_limits limits{};
  std::size_t max_body = std::size_t{4} << 20; ///< Bytes of a call's body once it is unpacked.
  std::shared_ptr<call_counters> counters = std::make_shared<call_counters>();
  drop_contents drop{};
};

/// Flyte's five calls, `POST /flyteidl2.cacheservice.v2.CacheService/<Method>`: reads straight from
/// the index, on the session's loop, writes and reservations by `write`. Both outlive the server.
std::vector<route> cache_routes(index& entries, write_path write, cache_routes_config config = {});

} // namespace deja::http
