#pragma once

#include <deja/messages/error.hpp>

#include <cstdint>
#include <filesystem>

namespace deja::app {

/// Writes the port in decimal, with a line end, beside its place and renames it there: who waits
/// for the file never reads half of it.
result<void> write_port_file(const std::filesystem::path& file, std::uint16_t port);

} // namespace deja::app
