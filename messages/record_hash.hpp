#pragma once

#include <deja/messages/sha256.hpp>

#include <array>

namespace deja {

/// SHA-256 over a list of texts, each behind its length, so that no two lists meet.
class record_hash {
public:
  record_hash& add(std::string_view text) {
    std::array<char, 8> length{};
    for (std::size_t at = 0; at < length.size(); ++at)
      length[at] = static_cast<char>((static_cast<std::uint64_t>(text.size()) >> (8 * at)) & 0xff);
    hash_.update(std::string_view{length.data(), length.size()});
    hash_.update(text);
    return *this;
  }

  digest finish() { return hash_.finish(); }

private:
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
