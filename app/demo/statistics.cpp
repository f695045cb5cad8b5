#include <deja/app/demo/statistics.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <functional>
#include <map>
#include <numeric>

namespace deja::app::demo {

namespace {

using counts = std::map<std::string, std::uint64_t, std::less<>>;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) || byte >= 0x80) { // beyond ASCII all counts as letters
      word += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty())
    words.push_back(word);
  return words;
}

template <class Each>
void for_each_line(std::string_view text, Each each) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    each(text.substr(0, end));
    text.remove_prefix(end);
  }
}

void add_lines(counts& into, std::string_view lines) {
  for_each_line(lines, [&](std::string_view line) {
    const auto tab = line.find('\t');
    std::uint64_t number = 0;
    std::from_chars(line.data(), line.data() + std::min(tab, line.size()), number);
    if (tab != line.npos && line.ends_with('\n'))
      into[std::string{line.substr(tab + 1, line.size() - tab - 2)}] += number;
  });
}

std::string lines_of(const counts& all) {
  std::vector<counts::const_iterator> kept(all.size());
  std::iota(kept.begin(), kept.end(), all.begin());
  if (kept.size() > most_counts) {
    std::stable_sort(kept.begin(), kept.end(),
                     [](auto left, auto right) { return left->second > right->second; });
    kept.resize(most_counts);
    std::sort(kept.begin(), kept.end(),
              [](auto left, auto right) { return left->first < right->first; });
  }
  std::string lines;
  for (const auto one : kept)
    lines += std::to_string(one->second) + '\t' + one->first + '\n';
  return lines;
}

} // namespace

std::vector<std::string_view> sections_of(std::string_view text) {
  constexpr std::size_t usual_lines = 24, most_lines = 200;
  std::vector<std::string_view> sections;
  std::size_t begin = 0, end = 0, lines = 0;
  for_each_line(text, [&](std::string_view line) {
    end += line.size();
    if (++lines == most_lines || std::hash<std::string_view>{}(line) % usual_lines == 0) {
      sections.push_back(text.substr(begin, end - begin));
      begin = end;
      lines = 0;
    }
  });
  if (begin < end)
    sections.push_back(text.substr(begin));
  return sections;
}

std::string count_words(std::string_view text) {
  counts all;
  for (auto& word : words_of(text))
    ++all[std::move(word)];
  return lines_of(all);
}

std::string count_phrases(std::string_view text) {
  const auto words = words_of(text);
  counts all;
  for (std::size_t at = 2; at < words.size(); ++at)
    ++all[words[at - 2] + ' ' + words[at - 1] + ' ' + words[at]];
  return lines_of(all);
}

std::string add_counts(const std::vector<std::string_view>& each) {
  counts all;
  for (const auto lines : each)
    add_lines(all, lines);
  return lines_of(all);
}

std::uint64_t edit_distance(std::string_view one, std::string_view other) {
  one = one.substr(0, most_compared);
  other = other.substr(0, most_compared);
  std::vector<std::uint32_t> row(other.size() + 1); // from a prefix of `one` to each of `other`
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t at = 0; at < one.size(); ++at) {
    auto diagonal = std::exchange(row[0], static_cast<std::uint32_t>(at + 1));
    for (std::size_t to = 0; to < other.size(); ++to) {
      const auto replaced = diagonal + (one[at] != other[to]);
      diagonal = row[to + 1];
      row[to + 1] = std::min({diagonal + 1, row[to] + 1, replaced});
    }
  }
  return row.back();
}

std::vector<std::string> most_frequent(std::string_view lines, std::size_t most) {
  counts all;
  add_lines(all, lines);
  std::vector<counts::const_iterator> order(all.size());
  std::iota(order.begin(), order.end(), all.begin());
  std::stable_sort(order.begin(), order.end(),
                   [](auto left, auto right) { return left->second > right->second; });
  order.resize(std::min(most, order.size()));
  std::vector<std::string> texts;
  for (const auto one : order)
    texts.push_back(one->first + " (" + std::to_string(one->second) + ")");
  return texts;
}

} // namespace deja::app::demo
