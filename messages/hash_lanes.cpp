#include <deja/messages/hash_lanes.hpp>

#include <cstring>

namespace deja {

void hash_lanes::take(digest& to) {
  auto& input = group_->inputs[group_->count];
  const auto blocks = static_cast<std::size_t>(group_ - groups_.data()) + 1;
  const std::span padded{input.data(), blocks * sha256_block_size};
  std::memset(padded.data() + size_, 0, padded.size() - size_);
  pad(padded, size_);
  group_->to[group_->count++] = &to;
  if (group_->count == sha256_lanes)
    flush(*group_);
}

void hash_lanes::flush() {
  for (auto& one : groups_)
    flush(one);
}

void hash_lanes::flush(group& one) {
  if (one.count == 0)
    return;
  std::array<const std::uint8_t*, sha256_lanes> messages;
  for (std::size_t lane = 0; lane < one.count; ++lane)
    messages[lane] = one.inputs[lane].data();
  const auto blocks = static_cast<std::size_t>(&one - groups_.data()) + 1;
  std::array<digest, sha256_lanes> hashes;
  best_sha256_engine().digests(messages.data(), one.count, blocks, hashes.data());
  for (std::size_t lane = 0; lane < one.count; ++lane)
    *one.to[lane] = hashes[lane];
  one.count = 0;
}

} // namespace deja
