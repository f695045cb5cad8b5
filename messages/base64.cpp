#include <deja/messages/base64.hpp>

#include <array>
#include <cstdint>

namespace deja {

namespace {

constexpr std::string_view standard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_safe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t no_digit = 64;

constexpr auto digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (const auto alphabet : {standard, url_safe})
    for (std::size_t at = 0; at < alphabet.size(); ++at)
      values[static_cast<std::uint8_t>(alphabet[at])] = static_cast<std::uint8_t>(at);
  return values;
}();

std::string encode(std::string_view bytes, std::string_view alphabet, bool padded) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t next = 0; next < 3; ++next)
      group = group << 8U | (next < count ? static_cast<std::uint8_t>(bytes[at + next]) : 0U);
    for (std::size_t next = 0; next < 4; ++next) {
      if (next <= count)
        text += alphabet[group >> (18 - 6 * next) & 63U];
      else if (padded)
        text += '=';
    }
  }
  return text;
}

error wrong(std::string_view why) {
  return {errc::invalid_argument, "this is no base64: " + std::string{why}};
}

} // namespace

std::string to_base64(std::string_view bytes) {
  return encode(bytes, standard, true);
}

std::string to_base64_url(std::string_view bytes) {
  return encode(bytes, url_safe, false);
}

result<std::string> parse_base64(std::string_view text) {
  auto digits = text;
  while (digits.ends_with('=') && text.size() - digits.size() < 2)
    digits.remove_suffix(1);
  if (digits.size() % 4 == 1 || (digits.size() != text.size() && text.size() % 4 != 0))
    return wrong("its length of " + std::to_string(text.size()) + " fits no number of bytes");
  std::string bytes;
  bytes.reserve(digits.size() * 3 / 4);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const auto& digit : digits) {
    const auto value = digit_values[static_cast<std::uint8_t>(digit)];
    if (value == no_digit)
      return wrong("character " + std::to_string(&digit - text.data() + 1) +
                   " is of neither alphabet");
    group = group << 6U | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits & 0xffU);
    }
  }
  return bytes;
}

} // namespace deja
