#pragma once

#include <cstddef>
#include <string>

namespace deja {

/// The most objects and arrays inside one another that the object hash takes, the message's own
/// counted.
inline constexpr std::size_t max_object_depth = 10'000;

/// What is wrong with more.
inline std::string too_deep() {
  return "more than " + std::to_string(max_object_depth) + " objects and arrays inside one another";
}

} // namespace deja
