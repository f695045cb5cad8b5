#pragma once

#include <deja/messages/cache.hpp>

#include <memory>
#include <string>

namespace deja {

/// Where an index reads the time. Passed in, so that tests move it. All calls from any thread.
class clock {
public:
  virtual ~clock() = default;

  /// The wall clock; for what people read, never for a lease.
  virtual wall_time now() const = 0;

  /// Time since the machine booted, sleep included (CLOCK_BOOTTIME). Never goes back.
  virtual duration since_boot() const = 0;

  /// Which boot `since_boot` counts from.
  virtual std::string boot_id() const = 0;

  /// The machine's own.
  static std::shared_ptr<const clock> system();
};

} // namespace deja
