#include <deja/actors/worker_pool_config.hpp>

namespace deja {

result<void> worker_pool_config::validate() const {
  constexpr std::size_t most_workers = 1024;
  if (workers == 0 || workers > most_workers)
    return error{errc::invalid_argument, "worker pool: workers is " + std::to_string(workers) +
                                             "; 1 to " + std::to_string(most_workers) +
                                             " are possible"};
  return {};
}

} // namespace deja
