#pragma once

#include <deja/messages/error.hpp>

#include <filesystem>
#include <string_view>

namespace deja::run {

/// What a system call that failed with `number` (an errno) says: can't `doing` "`path`": reason.
error file_error(int number, std::string_view doing, const std::filesystem::path& path);

} // namespace deja::run
