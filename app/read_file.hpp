#pragma once

#include <deja/messages/error.hpp>

#include <filesystem>

namespace deja::app {

/// All bytes of a file, or of what else can be read to its end. resource_exhausted where they are
/// more than `limit`; else what the system says.
result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit);

} // namespace deja::app
