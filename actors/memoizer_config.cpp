#include <deja/actors/memoizer_config.hpp>

namespace deja {

result<void> memoizer_config::validate() const {
  const auto wrong = [](const std::string& what) {
    return error{errc::invalid_argument, "memoizer: " + what};
  };
  if (heartbeat < std::chrono::milliseconds{1} || heartbeat > std::chrono::hours{1})
    return wrong("heartbeat is " + std::to_string(heartbeat.count()) +
                 " ns; 1 ms to 1 h are possible");
  if (max_age < duration::zero())
    return wrong("max_age is " + std::to_string(max_age.count()) + " ns; 0 and more are possible");
  if (max_calls == 0)
    return wrong("max_calls is 0; at least 1 is possible");
  if (!clock)
    return wrong("clock is not set");
  return {};
}

} // namespace deja
