#pragma once

#include <deja/messages/sha256.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace deja::run {

/// A file that a tool said it read.
struct dependency {
  std::string path; ///< Absolute, or relative to the working folder.
  digest content{}; ///< Of its tree (tree.hpp): of its content and executable bit.

  bool operator==(const dependency&) const = default;
};

/// Sorted by path, each once: a state of the inputs that only the tool knows.
using dependency_list = std::vector<dependency>;

/// One line a file, `<hex> <path>`; the path is `printable`.
std::string to_text(const dependency_list& files);

/// The list that a text is; data_loss where it is none.
result<dependency_list> parse_dependencies(std::string_view text);

} // namespace deja::run
