#pragma once

#include <deja/messages/sha256.hpp>

#include <algorithm>
#include <array>

namespace deja {

/// SHA-256 over a list of texts, each behind its length, so that no two lists meet.
class record_hash {
public:
  record_hash& add(std::string_view text) {
    const auto length = length_of(text);
    hash_.update(std::string_view{length.data(), length.size()});
    hash_.update(text);
    return *this;
  }

  digest finish() { return hash_.finish(); }

  /// What is hashed of one text, for who gathers it: so many bytes,
  static std::size_t size_of(std::string_view text) { return sizeof(length_bytes) + text.size(); }

  /// and these; gives the place behind them.
  static std::uint8_t* write(std::string_view text, std::uint8_t* to) {
    const auto length = length_of(text);
    to = std::copy(length.begin(), length.end(), to);
    return std::copy(text.begin(), text.end(), to);
  }

private:
  using length_bytes = std::array<char, 8>;

  static length_bytes length_of(std::string_view text) {
    length_bytes bytes{};
    for (std::size_t at = 0; at < bytes.size(); ++at)
      bytes[at] = static_cast<char>((static_cast<std::uint64_t>(text.size()) >> (8 * at)) & 0xff);
    return bytes;
  }

  sha256 hash_;
};

/// The digest of a list of texts.
template <class Texts>
digest digest_of_list(const Texts& texts) {
  record_hash hash;
  for (const auto& text : texts)
    hash.add(text);
  return hash.finish();
}

} // namespace deja
