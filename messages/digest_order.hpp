#pragma once

#include <deja/messages/sha256.hpp>

namespace deja {

/// The first eight bytes as a number: digests that differ in it are in the order of these.
inline std::uint64_t first_bytes(const digest& value) {
  std::uint64_t first = 0;
  for (std::size_t at = 0; at < sizeof(first); ++at)
    first = first << 8U | value[at];
  return first;
}

} // namespace deja
