#pragma once

#include <algorithm>
#include <filesystem>

namespace deja::run {

/// Whether `inner` is `outer` or lies in it, as the two are spelt.
inline bool is_within(const std::filesystem::path& outer, const std::filesystem::path& inner) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

} // namespace deja::run
