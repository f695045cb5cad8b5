#include <deja/transport/retry_schedule.hpp>

#include <algorithm>

namespace deja {

duration retry_pause(const retry_limits& limits, unsigned failed, double random) {
  auto bound = std::min(limits.first_pause, limits.longest_pause);
  for (; failed > 1 && bound > duration::zero() && bound < limits.longest_pause; --failed)
    bound = bound > limits.longest_pause / 2 ? limits.longest_pause : bound * 2;
  return duration{static_cast<duration::rep>(static_cast<double>(bound.count()) * random)};
}

std::optional<duration> retry_schedule::next(duration time_left) {
  if (++failed_ >= limits_.attempts)
    return std::nullopt;
  const auto pause = retry_pause(limits_, failed_, random_());
  if (pause >= time_left)
    return std::nullopt;
  return pause;
}

} // namespace deja
