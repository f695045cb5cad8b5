#include <deja/app/enumerate.hpp>
#include <deja/app/run/explanation.hpp>

#include <array>
#include <ctime>

namespace deja::run {

namespace {

/// How many remembered calls are compared, and how large the digests of one's parts may be.
constexpr std::size_t most_compared = 1000;
constexpr std::uint64_t largest_parts = 16 * 1024 * 1024;

/// Digests in hexadecimal digits, by the parts' names.
using part_digests = std::map<std::string, std::string>;

part_digests parse_parts(std::string_view text) {
  part_digests parts;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (const auto blank = line.find(' '); blank != std::string_view::npos)
      parts.emplace(line.substr(blank + 1), line.substr(0, blank));
  }
  return parts;
}

/// What a key ends in.
std::string_view cache_version_in(std::string_view key) {
  constexpr std::size_t before = 44 + 1 + 8 + 1 + 8 + 1 + 43 + 1;
  return key.substr(std::min(before, key.size()));
}

/// The parts in which a remembered call differs, and how many it has in common.
struct comparison {
  std::vector<std::string> differing;
  std::size_t common = 0;
};

comparison compare(const part_digests& ours, const part_digests& theirs) {
  comparison done;
  for (const auto& [name, value] : ours) {
    const auto found = theirs.find(name);
    if (found == theirs.end())
      done.differing.push_back(name + " (not there then)");
    else if (found->second != value)
      done.differing.push_back(name);
    else
      ++done.common;
  }
  for (const auto& [name, value] : theirs)
    if (!ours.contains(name))
      done.differing.push_back(name + " (only there then)");
  return done;
}

} // namespace

std::string explain_miss(const fingerprint& command, const std::string& key,
                         candidate_source& remembered, content_store& contents) {
  const std::string nothing = "nothing is remembered for this call";
  const auto all = remembered.list(command.name, most_compared);
  if (!all)
    return nothing + "; in what it differs from others can't be known: " + all.error().message;
  if (all->empty())
    return nothing + ", nor for any other by the name \"" + command.name + "\"";
  auto ours = parse_parts(parts_text(command));
  ours["cache-version"] = cache_version_in(key);
  std::optional<comparison> nearest;
  wall_time stored{};
  for (const auto& one : *all) {
    const auto text = contents.fetch_bytes(one.parts, largest_parts);
    if (!text)
      continue;
    auto theirs = parse_parts(*text);
    theirs["cache-version"] = cache_version_in(one.key);
    auto compared = compare(ours, theirs);
    if (nearest && compared.common <= nearest->common)
      continue;
    nearest = std::move(compared);
    stored = one.stored;
  }
  if (!nearest)
    return nothing + "; the parts of remembered keys can't be read";
  if (nearest->differing.empty())
    return nothing + " any more, though it was until just now";
  return nothing + "; the nearest remembered call (stored " + date_and_time(stored) +
         ") differs first in " + nearest->differing.front() +
         (nearest->differing.size() > 1
              ? "; all parts that differ: " + app::enumerate(nearest->differing)
              : ", and in nothing else");
}

std::string date_and_time(wall_time when) {
  const auto seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(when));
  std::tm parts{};
  std::array<char, 32> text{};
  ::localtime_r(&seconds, &parts);
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return {text.data(), length};
}

} // namespace deja::run
