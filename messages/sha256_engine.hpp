#pragma once

#include <deja/messages/sha256.hpp>

#include <bit>
#include <cstdint>
#include <span>

// SHA-256's compression function (FIPS 180-4, section 6.2), in several implementations that give
// the same digests.

namespace deja {

/// The eight words between two blocks.
using sha256_words = std::array<std::uint32_t, 8>;

constexpr std::size_t sha256_block_size = 64;

/// The most messages that `sha256_engine::digests` takes at once.
constexpr std::size_t sha256_lanes = 4;

/// One implementation. Thread-safe.
struct sha256_engine {
  /// Goes on from `words` over `count` blocks.
  void (*compress)(sha256_words& words, const std::uint8_t* blocks, std::size_t count);

  /// The digests of `lanes` messages, at most `sha256_lanes`, which have been padded already and
  /// are of `blocks` blocks each. Several at once take little longer than one, whose rounds wait
  /// for each other.
  void (*digests)(const std::uint8_t* const* messages, std::size_t lanes, std::size_t blocks,
                  digest* out);
};

/// What this processor does best; chosen at the first call.
const sha256_engine& best_sha256_engine();

/// By OpenSSL's block function: on every processor.
const sha256_engine& portable_sha256_engine();

/// By the processor's SHA extensions; null where it has none.
const sha256_engine* x86_sha256_engine();

/// Pads a message that stands at the beginning of `blocks`, whole blocks of zeros behind it: a one
/// bit, and the length in bits at the end (FIPS 180-4, section 5.1.1). `size` is below 8 KiB and
/// leaves room for both.
inline void pad(std::span<std::uint8_t> blocks, std::size_t size) {
  blocks[size] = 0x80;
  blocks[blocks.size() - 2] = static_cast<std::uint8_t>(size * 8 >> 8U);
  blocks[blocks.size() - 1] = static_cast<std::uint8_t>(size * 8 & 0xffU);
}

/// The words as a digest has them: big-endian.
inline digest to_digest(sha256_words words) {
  if constexpr (std::endian::native == std::endian::little)
    for (auto& word : words)
      word = __builtin_bswap32(word);
  return std::bit_cast<digest>(words);
}

} // namespace deja
