#pragma once

#include <string_view>

namespace deja::run {

/// The two streams a command speaks on, by their descriptors' numbers.
enum class stream : char { output = 1, errors = 2 };

/// Writes all of it to our own stream of that number, also where whoever shares that made it
/// non-blocking. 0, or the number of the error.
int write_to(stream to, std::string_view bytes);

} // namespace deja::run
