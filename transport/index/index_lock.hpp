#pragma once

#include <filesystem>

namespace deja {

/// The lock of an SQLite index's file, by whatever name that is given: `PATH.lock` beside the file
/// that the name leads to. Who has the file alone, and keeps rows of it in memory, holds this lock
/// exclusively; everybody else shares it in each use of the file.
std::filesystem::path index_lock(const std::filesystem::path& index);

} // namespace deja
