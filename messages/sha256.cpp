#include <deja/messages/sha256.hpp>

#include <deja/messages/sha256_engine.hpp>

#include <cstring>

namespace deja {

void sha256::compress(std::string_view bytes) {
  const auto& engine = best_sha256_engine();
  const auto room = gathered_size - fill_;
  bytes.copy(reinterpret_cast<char*>(gathered_.data()) + fill_, room);
  bytes.remove_prefix(room);
  engine.compress(words_, gathered_.data(), gathered_size / block_size);
  const auto blocks = bytes.size() / block_size;
  engine.compress(words_, reinterpret_cast<const std::uint8_t*>(bytes.data()), blocks);
  bytes.remove_prefix(blocks * block_size);
  compressed_ += gathered_size + blocks * block_size;
  fill_ = 0;
  update(bytes);
}

digest sha256::finish() {
  // The padding: a one bit, zeros, and the length in bits as the last eight bytes of a block.
  auto bits = 8 * (compressed_ + fill_);
  const auto blocks = (fill_ + 1 + sizeof(bits) + block_size - 1) / block_size;
  const auto end = blocks * block_size;
  gathered_[fill_] = 0x80;
  std::memset(gathered_.data() + fill_ + 1, 0, end - fill_ - 1);
  for (auto at = end; bits > 0; bits >>= 8U)
    gathered_[--at] = static_cast<std::uint8_t>(bits);
  best_sha256_engine().compress(words_, gathered_.data(), blocks);
  const auto value = to_digest(words_);
  words_ = sha256_start;
  compressed_ = 0;
  fill_ = 0;
  return value;
}

digest sha256::of(std::string_view bytes) {
  sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

} // namespace

std::string to_hex(const digest& value) {
  std::string text;
  text.reserve(2 * value.size());
  for (const auto byte : value) {
    text += hex_digits[byte >> 4U];
    text += hex_digits[byte & 15U];
  }
  return text;
}

result<digest> parse_digest(std::string_view hex) {
  digest value;
  const auto wrong = [&] {
    // A digest that isn't one can be of any size; its start is enough to recognise it.
    return error{errc::invalid_argument, "\"" + std::string{hex.substr(0, 80)} +
                                             "\" is no SHA-256 digest: 64 lower-case hexadecimal "
                                             "digits are wanted"};
  };
  if (hex.size() != 2 * value.size())
    return wrong();
  for (std::size_t at = 0; at < value.size(); ++at) {
    const auto high = hex_digits.find(hex[2 * at]);
    const auto low = hex_digits.find(hex[2 * at + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos)
      return wrong();
    value[at] = static_cast<std::uint8_t>(high << 4U | low);
  }
  return value;
}

} // namespace deja
