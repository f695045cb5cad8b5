#include <deja/actors/scheduler_config.hpp>

#include <deja/messages/configure.hpp>

#include <caf/atom.hpp>

namespace deja {

scheduler_config::scheduler_config() {
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-throughput", std::size_t{100});
  configure(*this);
}

} // namespace deja
