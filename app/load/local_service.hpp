#pragma once

#include <deja/app/load/address.hpp>

#include <cstdint>
#include <optional>
#include <sys/types.h>

namespace deja::app::load {

/// The process on this machine that a load goes to.
class local_service {
public:
  /// Who listens at this address; none where it is not on loopback, or its process can't be seen.
  static std::optional<local_service> find(const address& where);

  ::pid_t pid() const { return pid_; }

  /// Processor time it has used, in seconds; none where it is gone.
  std::optional<double> cpu_time() const;

  /// Its resident memory in bytes.
  std::optional<std::uint64_t> resident() const;

private:
  explicit local_service(::pid_t pid) : pid_(pid) {}

  ::pid_t pid_;
};

} // namespace deja::app::load
