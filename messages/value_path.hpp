#pragma once

#include <cstddef>
#include <functional>
#include <string>

// Where in a message a value is, as error texts say it: `inputs.literals["x"].scalar`.

namespace deja {

/// The step to a map's entry: `["x"]`. A long key is shortened.
std::string path_step(const std::string& key);

/// The step to a list's element: `[3]`.
std::string path_step(std::size_t index);

/// `step` of 0 to `count` - 1, joined; of a long path, its two ends.
std::string path_of(std::size_t count, const std::function<std::string(std::size_t)>& step);

} // namespace deja
