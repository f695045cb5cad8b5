#include <deja/transport/retry_schedule.hpp>

#include <algorithm>

namespace deja {

namespace {

duration part_of(duration whole, double part) {
  return duration{static_cast<duration::rep>(static_cast<double>(whole.count()) * part)};
}

} // namespace

duration retry_pause(const retry_limits& limits, unsigned failed, double random) {
  auto bound = std::min(limits.first_pause, limits.longest_pause);
  for (; failed > 1 && bound > duration::zero() && bound < limits.longest_pause; --failed)
    bound = bound > limits.longest_pause / 2 ? limits.longest_pause : bound * 2;
  return part_of(bound, random);
}

duration spread_pause(std::uint64_t others, double random) {
  return part_of(std::chrono::milliseconds{std::min<std::uint64_t>(others, 100)}, random);
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
