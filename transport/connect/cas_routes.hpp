#pragma once

#include <deja/transport/blob/blob_store.hpp>
#include <deja/transport/connect/route.hpp>

#include <boost/asio/thread_pool.hpp>

namespace deja::http {

/// Within which limits contents are taken.
struct cas_config {
  std::uint64_t max_content = std::uint64_t{64} << 30; ///< Bytes; a larger one is refused with 413.
};

/// The content store over HTTP, `/cas/sha256/<64 hexadecimal digits>` in the blob store `blobs`:
///
/// - GET gives the content, verified: damaged content is never sent whole, and is removed.
/// - HEAD tells its size, and counts as a use that renews its age.
/// - PUT stores it where it is what its name says, else 400.
///
/// The store is used from the threads of `pool`, which outlives the server.
std::vector<route> cas_routes(std::shared_ptr<blob_store> blobs, boost::asio::thread_pool& pool,
                              cas_config config = {});

} // namespace deja::http
