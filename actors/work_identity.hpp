#pragma once

#include <deja/messages/catalog.hpp>

namespace deja {

/// What a download is known by in the index of its queue: SHA-256 over the task (identifier and
/// interface), the cache version, the ignored names, the inputs' bytes and the target. Two items
/// with the same identity are the same work. The inputs must have been read: where they only are
/// to be read from a place, the place stands for them.
digest work_identity(const download_request& item);

/// The same for an upload, with the outputs or the place they lie at, and the condition.
digest work_identity(const catalog_put& item);

} // namespace deja
