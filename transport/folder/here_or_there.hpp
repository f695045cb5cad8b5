#pragma once

#include <deja/transport/file_lock.hpp>

#include <algorithm>
#include <thread>

namespace deja {

/// Does `here(time left)` under the shared lock, or `there(time left)` where a service holds it,
/// until one of them gets through or the time is up: a service that starts or stops holds the lock,
/// or waits for it, and does not answer. No time: 10 s. `here` must not wait for the lock again.
template <class Here, class There>
auto here_or_there(const std::filesystem::path& lock, duration time, Here here, There there)
    -> decltype(here(duration{})) {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + (time > duration::zero() ? time : std::chrono::seconds{10});
  for (duration pause = std::chrono::milliseconds{2};;
       pause = std::min<duration>(2 * pause, std::chrono::milliseconds{100})) {
    auto shared = file_lock::share_in_turn(lock);
    const auto left = std::chrono::duration_cast<duration>(deadline - clock::now());
    if (shared)
      return here(left);
    if (shared.error().code != errc::unavailable)
      return shared.error();
    auto answer = there(left);
    if (answer || answer.error().code != errc::unavailable || left <= pause)
      return answer;
    std::this_thread::sleep_for(pause);
  }
}

} // namespace deja
