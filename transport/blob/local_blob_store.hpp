#pragma once

#include <deja/transport/blob/blob_store.hpp>

namespace deja {

/// Where local stores write before they rename: files left there by a process that was killed can
/// be removed once they are old. Not a part of the store: no reference leads there.
inline constexpr std::string_view unfinished_blobs = "deja/tmp/";

/// Blobs as files under the folder `path`, absolute and normal; it is made if need be. A blob is
/// written aside, flushed, and renamed to its name, and the folder flushed; so it is whole and
/// durable or not there. Symbolic links under the root are not followed.
result<std::shared_ptr<blob_store>> open_local_blob_store(const std::string& path);

} // namespace deja
