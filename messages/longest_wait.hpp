#pragma once

#include <deja/messages/cache.hpp>

namespace deja {

/// A hundred years. Waiting for longer ends then: a point in time can't lie much further ahead.
inline constexpr duration longest_wait = std::chrono::hours{24 * 36'525};

} // namespace deja
