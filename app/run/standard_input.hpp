#pragma once

#include <deja/app/run/temporary_file.hpp>
#include <deja/messages/sha256.hpp>

namespace deja::run {

/// Input that was read to its end and set aside, so that its digest is known before the command
/// reads it.
struct spooled_input {
  file_descriptor file; ///< Opened for reading, at its beginning.
  digest content{};
};

/// Reads all of `from`. Errors: what the file system says, as resource_exhausted.
result<spooled_input> spool_input(int from);

} // namespace deja::run
