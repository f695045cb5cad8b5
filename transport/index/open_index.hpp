#pragma once

#include <deja/transport/index/index.hpp>

#include <string>

namespace deja {

/// Opens the index that a URL names: `memory:`, `sqlite:PATH` or `postgresql://…`, which does not
/// wait for the database. invalid_argument for anything else, with the URLs that are possible.
/// `exclusive`: nobody else is to have its file, as long as this index is there.
result<std::unique_ptr<index>> open_index(const std::string& url, bool exclusive = false);

} // namespace deja
