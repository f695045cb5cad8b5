#pragma once

#include <deja/transport/index/sqlite_index.hpp>

#include <string>

namespace deja {

/// Opens the index that a URL names: `memory:`, `sqlite:PATH` or `postgresql://…`, which does not
/// wait for the database. invalid_argument for anything else, with the URLs that are possible.
/// `sqlite` is how a file is opened; its path is the URL's.
result<std::unique_ptr<index>> open_index(const std::string& url, sqlite_index_config sqlite = {});

} // namespace deja
