#pragma once

#include <cstddef>

namespace deja::testing {

/// How many times the program has allocated memory by `new`. To be linked with allocations.cpp.
std::size_t allocations();

} // namespace deja::testing
