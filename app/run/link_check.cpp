#include <deja/app/run/link_check.hpp>

#include <array>
#include <deque>
#include <vector>

#include <unistd.h>

namespace deja::run {

namespace {

std::deque<std::string> components(std::string_view path) {
  std::deque<std::string> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0)
      parts.emplace_back(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string path;
  for (const auto& part : parts)
    path += (path.empty() ? "" : "/") + part;
  return path;
}

} // namespace

bool leads_out(int top, std::string_view path, std::string_view target) {
  // As the system resolves it: `at` holds no links, `ahead` is still to be walked.
  constexpr int most_links = 40;
  auto above = components(path);
  above.pop_back();
  std::vector<std::string> at{above.begin(), above.end()};
  if (target.starts_with('/'))
    return true;
  auto ahead = components(target);
  for (int links = 0; !ahead.empty();) {
    const auto part = std::move(ahead.front());
    ahead.pop_front();
    if (part == ".")
      continue;
    if (part == "..") {
      if (at.empty())
        return true;
      at.pop_back();
      continue;
    }
    at.push_back(part);
    std::array<char, 4096> next{};
    const auto length = ::readlinkat(top, joined(at).c_str(), next.data(), next.size());
    if (length < 0)
      continue;
    if (next[0] == '/')
      return true;
    if (++links > most_links)
      return false;
    at.pop_back();
    auto inserted = components({next.data(), static_cast<std::size_t>(length)});
    ahead.insert(ahead.begin(), inserted.begin(), inserted.end());
  }
  return false;
}

} // namespace deja::run
