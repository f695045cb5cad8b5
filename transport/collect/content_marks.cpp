#include <deja/transport/collect/content_marks.hpp>

#include <algorithm>
#include <cstring>

namespace deja {

namespace {

constexpr int bits_exponent = 26;
constexpr std::size_t word_bits = 64;

} // namespace

content_marks::content_marks(const std::array<std::uint64_t, 4>& salt)
    : salt_(salt), words_((std::size_t{1} << bits_exponent) / word_bits) {}

bool content_marks::mark(const digest& name) {
  bool fresh = false;
  for (const auto bit : bits_of(name)) {
    auto& word = words_[bit / word_bits];
    const auto mask = std::uint64_t{1} << bit % word_bits;
    fresh |= (word & mask) == 0;
    word |= mask;
  }
  return fresh;
}

bool content_marks::is_marked(const digest& name) const {
  const auto bits = bits_of(name);
  return std::all_of(bits.begin(), bits.end(), [this](auto bit) {
    return (words_[bit / word_bits] >> bit % word_bits & 1) != 0;
  });
}

// A digest is as good as random already: each quarter of it, stirred with the salt, names a bit.
std::array<std::size_t, 4> content_marks::bits_of(const digest& name) const {
  constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15;
  std::array<std::uint64_t, 4> quarters{};
  static_assert(sizeof quarters == sizeof name);
  std::memcpy(quarters.data(), name.data(), sizeof quarters);
  std::array<std::size_t, 4> bits{};
  for (std::size_t at = 0; at < bits.size(); ++at)
    bits[at] = (quarters[at] ^ salt_[at]) * golden_ratio >> (64 - bits_exponent);
  return bits;
}

} // namespace deja
