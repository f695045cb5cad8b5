#include <deja/app/plain_text.hpp>

#include <deja/messages/utf8.hpp>

namespace deja::app {

namespace {

constexpr std::size_t longest_character = 4;

/// The well-formed character at the start of `text`; empty where there is none.
std::string_view first_character(std::string_view text) {
  for (std::size_t size = 1; size <= longest_character && size <= text.size(); ++size)
    if (const auto one = text.substr(0, size); is_utf8(one))
      return one;
  return {};
}

/// Of C0 and C1: terminals take either for the start of a command.
bool is_control(std::string_view character) {
  const auto last = static_cast<unsigned char>(character.back());
  return character.size() == 1 ? last < 0x20 || last == 0x7f
                               : character.size() == 2 && character[0] == '\xc2' && last < 0xa0;
}

std::string in_hex(char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto number = static_cast<unsigned char>(byte);
  return {'\\', 'x', digits[number >> 4], digits[number & 15]};
}

} // namespace

std::string valid_utf8(std::string_view text) {
  if (is_utf8(text))
    return std::string{text};
  std::string valid;
  while (!text.empty()) {
    const auto one = first_character(text);
    valid += one.empty() ? "\xef\xbf\xbd" : one;
    text.remove_prefix(one.empty() ? 1 : one.size());
  }
  return valid;
}

std::string printable(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const auto one = first_character(text);
    if (one.empty() || is_control(one))
      plain += in_hex(one.empty() ? text.front() : one.back());
    else
      plain += one;
    text.remove_prefix(one.empty() ? 1 : one.size());
  }
  return plain;
}

} // namespace deja::app
