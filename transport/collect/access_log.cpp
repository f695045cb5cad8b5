#include <deja/transport/collect/access_log.hpp>

#include <algorithm>

namespace deja {

void access_log::note(const entry& used, wall_time now) {
  const auto apart = now > used.accessed ? now - used.accessed : used.accessed - now;
  if (apart <= limits_.grain)
    return;
  const auto id = primary_key(used.key);
  const std::lock_guard lock{mutex_};
  if (noted_.size() < limits_.keys)
    noted_.try_emplace(id, used.key);
}

std::vector<operation> access_log::take(std::size_t most) {
  std::vector<operation> touches;
  const std::lock_guard lock{mutex_};
  touches.reserve(std::min(most, noted_.size()));
  while (!noted_.empty() && touches.size() < most)
    touches.emplace_back(touch_operation{std::move(noted_.extract(noted_.begin()).mapped())});
  return touches;
}

} // namespace deja
