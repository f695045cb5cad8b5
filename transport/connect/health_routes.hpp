#pragma once

#include <deja/transport/connect/route.hpp>

namespace deja::http {

/// What a supervisor asks without an access token: GET `/healthz`, 200 as long as the process
/// answers at all, and GET `/readyz`, 200 where `ready()` has no error, else 503 with it.
std::vector<route> health_routes(std::function<result<void>()> ready);

} // namespace deja::http
