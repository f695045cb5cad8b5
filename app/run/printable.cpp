#include <deja/app/run/printable.hpp>

#include <charconv>

namespace deja::run {

std::string printable(std::string_view name) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char letter : name) {
    if (letter > ' ' && letter < '\x7f' && letter != '%') {
      text += letter;
      continue;
    }
    const auto byte = static_cast<unsigned char>(letter);
    text += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

std::optional<std::string> original(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    if (text.front() != '%') {
      name += text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned byte = 0;
    const auto digits = text.substr(1, 2);
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (problem != std::errc{} || digits.size() != 2 || end != digits.data() + 2)
      return std::nullopt;
    name += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return name;
}

} // namespace deja::run
