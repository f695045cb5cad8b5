#pragma once

#include <deja/messages/clock.hpp>

#include <atomic>

namespace deja::testing {

/// A clock that stands still until the test moves it.
class settable_clock : public clock {
public:
  wall_time now() const override { return wall_time{duration{now_}}; }

  duration since_boot() const override { return duration{since_boot_}; }

  std::string boot_id() const override { return "boot " + std::to_string(boot_); }

  /// Time passes, on both clocks.
  virtual void pass(duration time) {
    now_ += time.count();
    since_boot_ += time.count();
  }

  /// Somebody sets the wall clock.
  void set(wall_time now) { now_ = now.time_since_epoch().count(); }

  /// The machine starts again; the wall clock goes on.
  void reboot(duration since_boot) {
    ++boot_;
    since_boot_ = since_boot.count();
  }

private:
  // 2026-01-02 03:04:05.123456789 UTC, so that every digit has to be kept.
  std::atomic<std::int64_t> now_{1'767'323'045'123'456'789};
  std::atomic<std::int64_t> since_boot_{1'000'000'000'007};
  std::atomic<int> boot_{1};
};

} // namespace deja::testing
