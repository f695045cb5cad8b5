#pragma once

#include <deja/transport/folder/data_folder.hpp>

namespace deja::app {

/// The data folder at this path, empty: the user's; not_found where there is none. Nothing is made.
result<data_folder> existing_folder(const std::string& path);

} // namespace deja::app
