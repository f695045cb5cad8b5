#include <deja/messages/value_path.hpp>

#include <cstdint>

namespace deja {

namespace {

std::string shortened(const std::string& key) {
  constexpr std::size_t most = 64;
  if (key.size() <= most)
    return key;
  auto end = most;
  while (end > 0 && (static_cast<std::uint8_t>(key[end]) & 0xc0U) == 0x80)
    --end;
  return key.substr(0, end) + "…";
}

} // namespace

std::string path_step(const std::string& key) {
  return "[\"" + shortened(key) + "\"]";
}

std::string path_step(std::size_t index) {
  return "[" + std::to_string(index) + "]";
}

std::string path_of(std::size_t count, const std::function<std::string(std::size_t)>& step) {
  constexpr std::size_t ends = 16;
  std::string text;
  for (std::size_t at = 0; at < count; ++at) {
    if (at == ends && count > 2 * ends) {
      text += "…";
      at = count - ends;
    }
    text += step(at);
  }
  return text;
}

} // namespace deja
