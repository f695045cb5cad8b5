#include <deja/transport/retry_schedule.hpp>

#include <algorithm>

namespace deja {

std::optional<duration> retry_schedule::next(duration time_left) {
  if (++failed_ >= limits_.attempts)
    return std::nullopt;
  const auto bound = std::min(bound_, limits_.longest_pause);
  bound_ = bound > limits_.longest_pause / 2 ? limits_.longest_pause : bound * 2;
  const duration pause{static_cast<duration::rep>(static_cast<double>(bound.count()) * random_())};
  if (pause >= time_left)
    return std::nullopt;
  return pause;
}

} // namespace deja
