#pragma once

#include <deja/messages/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace deja {

/// A SHA-256 digest, 32 bytes.
using digest = std::array<std::uint8_t, 32>;

/// What SHA-256 begins with (FIPS 180-4, section 5.3.3).
constexpr std::array<std::uint32_t, 8> sha256_start{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// SHA-256 of bytes that come piece by piece. Not thread-safe; cheap to make and to copy.
///
///     sha256 hash;
///     hash.update("abc");
///     digest d = hash.finish();
class sha256 {
public:
  void update(std::string_view bytes) {
    if (bytes.size() > gathered_size - fill_)
      return compress(bytes);
    bytes.copy(reinterpret_cast<char*>(gathered_.data()) + fill_, bytes.size());
    fill_ += bytes.size();
  }

  void update(const digest& bytes) {
    update({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  /// The digest of all that came; the object starts anew.
  digest finish();

  /// The digest of `bytes`.
  static digest of(std::string_view bytes);

private:
  static constexpr std::size_t block_size = 64;
  static constexpr std::size_t gathered_size = 4 * block_size;

  void compress(std::string_view bytes);

  std::array<std::uint32_t, 8> words_ = sha256_start;
  std::uint64_t compressed_ = 0; // so many bytes
  std::size_t fill_ = 0;
  std::array<std::uint8_t, gathered_size + block_size> gathered_; // what came since, and padding
};

/// 64 lower-case hexadecimal digits.
std::string to_hex(const digest& value);

/// The digest that `hex` spells in 64 lower-case digits; else invalid_argument.
result<digest> parse_digest(std::string_view hex);

/// The digest's bytes as they are, for a database or a hash.
inline std::string_view bytes_of(const digest& value) {
  return {reinterpret_cast<const char*>(value.data()), value.size()};
}

} // namespace deja
