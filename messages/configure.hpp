#pragma once

#include <caf/fwd.hpp>

namespace deja {

/// Registers Deja's message types and its error category. Called before the actor system is made:
///
///     caf::actor_system_config config;
///     deja::configure(config);
///     caf::actor_system system{config};
void configure(caf::actor_system_config& config);

} // namespace deja
