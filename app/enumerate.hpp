#pragma once

#include <string>
#include <vector>

namespace deja::app {

/// The names for people: `a, b and 3 more`; at most 20 are named.
std::string enumerate(const std::vector<std::string>& names);

} // namespace deja::app
