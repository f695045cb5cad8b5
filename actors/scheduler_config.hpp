#pragma once

#include <caf/actor_system_config.hpp>

namespace deja {

/// CAF as Deja runs it where the system is its own: one queue for all workers (`sharing`), which
/// neither polls while idle nor strands a job behind a busy worker, and turns short enough that no
/// actor starves others.
struct scheduler_config : caf::actor_system_config {
  scheduler_config();
};

} // namespace deja
