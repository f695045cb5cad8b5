#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

namespace deja::app::load {

/// Which versions of the population's keys may be read. A key has one writer at a time, so a value
/// that was read must be of a version from that of the last write which was answered before the
/// reading began, to the last that had begun by its end. Safe for many threads.
class version_table {
public:
  /// All keys are at version 0.
  explicit version_table(std::uint64_t keys) : keys_(keys) {}

  /// The version to write; none where another writes the key, or nobody knows what came of an
  /// earlier write: it may still take effect.
  std::optional<std::uint32_t> begin_write(std::uint64_t key);

  void written(std::uint64_t key);

  /// The write did not take place.
  void not_written(std::uint64_t key);

  // A write of which nobody knows what came of it is left as it is.

  std::uint32_t answered(std::uint64_t key) const { return word(key).answered; }

  std::uint32_t begun(std::uint64_t key) const { return word(key).begun; }

private:
  struct state {
    std::uint32_t answered = 0, begun = 0; // a write is under way where they differ
  };

  state word(std::uint64_t key) const { return keys_[key].load(); }

  std::vector<std::atomic<state>> keys_;
};

/// Who of this run's owners holds which reservation, as far as they have been told. Safe for many
/// threads.
class holder_table {
public:
  explicit holder_table(std::uint64_t keys) : keys_(keys) {}

  enum class claim { taken, own_already, other };

  /// `owner` was told that it holds the key's reservation.
  claim take(std::uint64_t key, std::uint64_t owner);

  /// `owner` will not rely on it any more.
  void let_go(std::uint64_t key, std::uint64_t owner);

private:
  std::vector<std::atomic<std::uint64_t>> keys_; // 0: nobody
};

} // namespace deja::app::load
