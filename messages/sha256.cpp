#include <deja/messages/sha256.hpp>

#include <openssl/sha.h>

#include <cstring>
#include <new>
#include <type_traits>

// OpenSSL 3 deprecates these three in favour of EVP, whose contexts cost an allocation and several
// times the hash itself for the short inputs that a cache key is made of.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace deja {

namespace {

SHA256_CTX* context_in(std::array<std::byte, 112>& state) {
  static_assert(sizeof(SHA256_CTX) <= sizeof(state) && alignof(SHA256_CTX) <= 8);
  static_assert(std::is_trivially_copyable_v<SHA256_CTX>);
  return std::launder(reinterpret_cast<SHA256_CTX*>(state.data()));
}

} // namespace

sha256::sha256() {
  SHA256_Init(::new (state_.data()) SHA256_CTX);
}

void sha256::update(std::string_view bytes) {
  SHA256_Update(context_in(state_), bytes.data(), bytes.size());
}

void sha256::update(const digest& bytes) {
  SHA256_Update(context_in(state_), bytes.data(), bytes.size());
}

digest sha256::finish() {
  digest value;
  SHA256_Final(value.data(), context_in(state_));
  SHA256_Init(context_in(state_));
  return value;
}

digest sha256::of(std::string_view bytes) {
  sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

} // namespace deja

#pragma GCC diagnostic pop

namespace deja {

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
