#pragma once

#include <deja/messages/cache.hpp>

#include <functional>
#include <optional>

namespace deja {

/// How often and how quickly a failed call is tried again.
struct retry_limits {
  unsigned attempts = 4;                                ///< In all, the first one included.
  duration first_pause = std::chrono::milliseconds{50}; ///< At most this before the second.
  duration longest_pause = std::chrono::seconds{1};     ///< The doubling ends here.
};

/// How long to wait after so many failed attempts (1 and more): exponential backoff with full
/// jitter, so that many who failed together don't come back together. `random` is from 0 up to, not
/// including, 1.
duration retry_pause(const retry_limits& limits, unsigned failed, double random);

/// How long one of those who hear of the same at once is to wait before it asks, where there are so
/// many others: up to a millisecond for each of them, and up to 100 at most. `random` as above.
duration spread_pause(std::uint64_t others, double random);

/// The pauses between the attempts of one call, by `retry_pause`. Not thread-safe.
///
///     retry_schedule schedule{{}, random};
///     while (auto pause = schedule.next(time_left)) { wait(*pause); try_again(); }
class retry_schedule {
public:
  /// `random` gives numbers from 0 up to, not including, 1.
  retry_schedule(retry_limits limits, std::function<double()> random)
      : limits_(limits), random_(std::move(random)) {}

  /// How long to wait before the next attempt; nothing where there is to be none, because the
  /// attempts are used up or the pause would take all of the time left.
  std::optional<duration> next(duration time_left);

private:
  retry_limits limits_;
  std::function<double()> random_;
  unsigned failed_ = 0;
};

} // namespace deja
