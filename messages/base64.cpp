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
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  auto to = text.begin();
  const auto add = [&](std::uint32_t group, std::size_t digits) {
    for (std::size_t next = 0; next < digits; ++next)
      *to++ = alphabet[group >> (18 - 6 * next) & 63U];
  };
  const auto byte = [&](std::size_t at) {
    return std::uint32_t{static_cast<std::uint8_t>(bytes[at])};
  };
  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3)
    add(byte(at) << 16U | byte(at + 1) << 8U | byte(at + 2), 4);
  if (bytes.size() - at == 1)
    add(byte(at) << 16U, 2);
  else if (bytes.size() - at == 2)
    add(byte(at) << 16U | byte(at + 1) << 8U, 3);
  if (!padded)
    text.erase(to, text.end());
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
