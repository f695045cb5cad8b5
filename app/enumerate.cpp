#include <deja/app/enumerate.hpp>

#include <algorithm>

namespace deja::app {

std::string enumerate(const std::vector<std::string>& names) {
  constexpr std::size_t most = 20;
  const auto named = std::min(names.size(), most);
  std::string text;
  for (std::size_t at = 0; at < named; ++at)
    text += (at == 0 ? "" : ", ") + names[at];
  if (names.size() > named)
    text += " and " + std::to_string(names.size() - named) + " more";
  return text;
}

} // namespace deja::app
