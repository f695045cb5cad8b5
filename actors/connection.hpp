#pragma once

#include <deja/actors/worker_pool_config.hpp>
#include <deja/messages/actors.hpp>
#include <deja/transport/cache_endpoint.hpp>
#include <deja/transport/index/call_rules.hpp>

#include <stop_token>

namespace deja {

/// Spawns a pool of connections behind one handle: detached actors, each with an endpoint of its
/// own, made when they are needed. A request gets the next one that is free. Ends with `send_exit`;
/// what is under way then has a second more, and `calls`, whose token the endpoints may have, is
/// told to stop.
connection_actor spawn_connection_pool(caf::actor_system& system, endpoint_factory endpoints,
                                       worker_pool_config config = {},
                                       std::stop_source calls = std::stop_source{std::nostopstate});

/// Spawns a connection to the service in the same process. It never blocks, and
/// answers when the service does: who asks keeps the time. Without `waits` it can't be waited at.
connection_actor spawn_local_connection(caf::actor_system& system, cache_service_actor service,
                                        call_limits limits = {}, wait_service_actor waits = {});

} // namespace deja
