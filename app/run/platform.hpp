#pragma once

#include <filesystem>
#include <string>

namespace deja::run {

/// The machine's architecture, and id and version of its distribution: `x86_64 debian 12`. What
/// os-release doesn't say reads `?`.
std::string own_platform();

/// Its part that comes from this os-release file's text.
std::string distribution_of(std::string_view os_release);

} // namespace deja::run
