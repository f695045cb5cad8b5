#pragma once

#include <deja/transport/blob/blob_store.hpp>

namespace deja {

/// Blobs in this process' memory, for tests and for runs that keep nothing. `root` is `mem://name`.
/// Each store starts empty and shares nothing with others of the same name.
std::shared_ptr<blob_store> make_memory_blob_store(std::string root);

} // namespace deja
