#pragma once

#include <flyteidl2/cacheservice/cacheservice.pb.h>
#include <flyteidl2/cacheservice/v2/cacheservice.pb.h>

#include <optional>
#include <string>
#include <string_view>

// The JSON forms of Get's request and answer, which protobuf's own code takes longer for than all
// the rest of the call. They are the same as protobuf's; what is unusual is left to it.
// Thread-safe.

namespace deja::http {

/// Reads the request; false where protobuf's parser must say what it is, or why it is none.
bool read_get_request(std::string_view json, flyteidl2::cacheservice::v2::GetCacheRequest& into);

/// Writes the answer that holds this output; none where protobuf must.
std::optional<std::string> write_get_response(const flyteidl2::cacheservice::CachedOutput& output);

} // namespace deja::http
