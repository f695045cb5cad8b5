#include <deja/messages/utf8.hpp>

#include <array>
#include <cstdint>
#include <cstring>

namespace deja {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080;

// How many bytes the well-formed character at the start of `text` takes; 0: it is not well-formed.
// The ranges are those of the Unicode standard, table 3-7.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
  };
  const auto between = [](std::uint8_t value, std::uint8_t low, std::uint8_t high) {
    return value >= low && value <= high;
  };
  const auto rest_from = [&](std::size_t first, std::size_t size) {
    for (auto at = first; at < size; ++at)
      if (!between(byte(at), 0x80, 0xbf))
        return false;
    return true;
  };
  const auto lead = byte(0);
  if (lead < 0x80)
    return 1;
  if (between(lead, 0xc2, 0xdf))
    return rest_from(1, 2) ? 2 : 0;
  if (between(lead, 0xe0, 0xef)) {
    const std::uint8_t low = lead == 0xe0 ? 0xa0 : 0x80;
    const std::uint8_t high = lead == 0xed ? 0x9f : 0xbf;
    return between(byte(1), low, high) && rest_from(2, 3) ? 3 : 0;
  }
  if (between(lead, 0xf0, 0xf4)) {
    const std::uint8_t low = lead == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t high = lead == 0xf4 ? 0x8f : 0xbf;
    return between(byte(1), low, high) && rest_from(2, 4) ? 4 : 0;
  }
  return 0;
}

} // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    // Most text is ASCII: many bytes at a time.
    if (std::array<std::uint64_t, 8> words{}; text.size() >= sizeof(words)) {
      std::memcpy(words.data(), text.data(), sizeof(words));
      std::uint64_t any = 0;
      for (const auto word : words)
        any |= word;
      if ((any & high_bits) == 0) {
        text.remove_prefix(sizeof(words));
        continue;
      }
    }
    if (std::uint64_t word = 0; text.size() >= sizeof(word)) {
      std::memcpy(&word, text.data(), sizeof(word));
      if ((word & high_bits) == 0) {
        text.remove_prefix(sizeof(word));
        continue;
      }
    }
    const auto size = character_size(text);
    if (size == 0)
      return false;
    text.remove_prefix(size);
  }
  return true;
}

} // namespace deja
