#include <deja/actors/scheduler_config.hpp>

#include <deja/messages/configure.hpp>

#include <caf/atom.hpp>

#include <algorithm>
#include <thread>

namespace deja {

scheduler_config::scheduler_config() {
  set("scheduler.policy", caf::atom("sharing"));
  // CAF's own least is 4: on 2 cores that doubles the time of a single small request.
  set("scheduler.max-threads", std::max<std::size_t>(2, std::thread::hardware_concurrency()));
  set("scheduler.max-throughput", std::size_t{100});
  configure(*this);
}

} // namespace deja
