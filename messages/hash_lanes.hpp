#pragma once

#include <deja/messages/sha256_engine.hpp>

namespace deja {

/// Gathers short SHA-256 inputs and hashes those of equally many blocks side by side. Not
/// thread-safe.
///
///     hash_lanes lanes;
///     std::memcpy(lanes.next(3), "abc", 3);
///     lanes.take(hash);
///     lanes.flush(); // now `hash` is there
class hash_lanes {
public:
  /// The longest input, in bytes.
  static constexpr std::size_t most_size = 8 * sha256_block_size - 1 - sizeof(std::uint64_t);

  /// Where the next input of `size` bytes is to be written.
  std::uint8_t* next(std::size_t size) {
    size_ = size;
    const auto blocks =
        (size + 1 + sizeof(std::uint64_t) + sha256_block_size - 1) / sha256_block_size;
    group_ = &groups_[blocks - 1];
    return group_->inputs[group_->count].data();
  }

  /// Takes what was written there. `to` must stay where it is until its hash comes, which is at the
  /// latest at the next `flush`.
  void take(digest& to);

  void flush();

private:
  static constexpr std::size_t most_blocks = 8;

  struct group {
    std::size_t count = 0;
    std::array<digest*, sha256_lanes> to;
    std::array<std::array<std::uint8_t, most_blocks * sha256_block_size>, sha256_lanes> inputs;
  };

  void flush(group& one);

  std::size_t size_ = 0;
  group* group_ = nullptr;
  std::array<group, most_blocks> groups_;
};

} // namespace deja
