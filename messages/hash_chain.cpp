#include <deja/messages/hash_chain.hpp>

#include <algorithm>
#include <cstring>

namespace deja {

namespace {

// An object of one member: tag, name and value, padded.
struct wrapping {
  static constexpr std::size_t size = 1 + 2 * sizeof(digest);

  wrapping() {
    bytes[0] = 'd';
    pad(bytes, size);
  }

  void set(const digest& name, const digest& value) {
    std::memcpy(bytes.data() + 1, name.data(), name.size());
    std::memcpy(bytes.data() + 1 + name.size(), value.data(), value.size());
  }

  std::array<std::uint8_t, 2 * sha256_block_size> bytes{};
};

// What is hashed side by side, and where the hashes belong.
class lanes {
public:
  void add(const std::uint8_t* message, digest& to) {
    messages_[count_] = message;
    to_[count_] = &to;
    ++count_;
  }

  void hash(std::size_t blocks) {
    if (count_ == 0)
      return;
    std::array<digest, sha256_lanes> hashes;
    best_sha256_engine().digests(messages_.data(), count_, blocks, hashes.data());
    for (std::size_t lane = 0; lane < count_; ++lane)
      *to_[lane] = hashes[lane];
  }

private:
  std::size_t count_ = 0;
  std::array<const std::uint8_t*, sha256_lanes> messages_;
  std::array<digest*, sha256_lanes> to_;
};

} // namespace

void finish(std::span<const hash_chain> chains, digest* hashes) {
  lanes values;
  std::size_t most_wraps = 0;
  for (std::size_t at = 0; at < chains.size(); ++at) {
    const auto& chain = chains[at];
    most_wraps = std::max(most_wraps, chain.wraps_);
    if (chain.is_hashed_)
      hashes[at] = chain.hash_;
    else
      values.add(chain.block_.data(), hashes[at]);
  }
  values.hash(1);
  if (most_wraps == 0)
    return;
  std::array<wrapping, sha256_lanes> objects;
  for (std::size_t wrap = 0; wrap < most_wraps; ++wrap) {
    lanes inner;
    for (std::size_t at = 0; at < chains.size(); ++at)
      if (wrap < chains[at].wraps_) {
        objects[at].set(*chains[at].names_[wrap], hashes[at]);
        inner.add(objects[at].bytes.data(), hashes[at]);
      }
    inner.hash(2);
  }
}

} // namespace deja
