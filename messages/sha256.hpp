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

/// SHA-256 of bytes that come piece by piece. Not thread-safe; cheap to make and to copy.
///
///     sha256 hash;
///     hash.update("abc");
///     digest d = hash.finish();
class sha256 {
public:
  sha256();

  void update(std::string_view bytes);
  void update(const digest& bytes);

  /// The digest of all that came; the object starts anew.
  digest finish();

  /// The digest of `bytes`.
  static digest of(std::string_view bytes);

private:
  // OpenSSL's SHA256_CTX lies here, so that this header names no library.
  alignas(8) std::array<std::byte, 112> state_;
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
