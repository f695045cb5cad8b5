#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What the demo computes. Counts are lines `NUMBER TAB TEXT`, ordered by text; at most
// `most_counts` of them, the most frequent ones.

namespace deja::app::demo {

inline constexpr std::size_t most_counts = 20'000;

/// How many characters of a text `edit_distance` looks at.
inline constexpr std::size_t most_compared = 40'000;

/// The text in sections of whole lines. Where one ends depends on the lines there alone, so that an
/// edit changes the sections around it and no others.
std::vector<std::string_view> sections_of(std::string_view text);

/// How often each word occurs, in lower case.
std::string count_words(std::string_view text);

/// How often each phrase of three words does.
std::string count_phrases(std::string_view text);

/// The sums of several counts.
std::string add_counts(const std::vector<std::string_view>& counts);

/// The least number of characters to insert, delete or replace to make one of the other
/// (Levenshtein's distance), of the first `most_compared` of each. Takes their product in time.
std::uint64_t edit_distance(std::string_view one, std::string_view other);

/// The most frequent lines of counts, most frequent first.
std::vector<std::string> most_frequent(std::string_view counts, std::size_t most);

} // namespace deja::app::demo
