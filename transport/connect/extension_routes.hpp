#pragma once

#include <deja/messages/wait.hpp>
#include <deja/transport/connect/cache_routes.hpp>

#include <boost/asio/thread_pool.hpp>

namespace deja::http {

/// Where waiters wait: calls back once, from any thread, within `time` (zero: as long as it
/// allows). What it gives ends the wait with canceled; calling that late is harmless.
using wait_path = std::function<std::function<void()>(wait_request what, duration time,
                                                      std::function<void(result<waited>)> done)>;

/// Counts who wait for each key; without keys, all who wait.
using count_path = std::function<void(
    std::vector<entry_key> keys, std::function<void(result<std::vector<std::uint64_t>>)> done)>;

/// What the extension's calls are answered from. All of it outlives the server.
struct extension_parts {
  index& entries;
  write_path write;
  wait_path wait;
  count_path count_waiters;
  boost::asio::thread_pool& pool; ///< For what may take long in the index.
  std::function<std::uint64_t()> count_incomplete = [] {
    return std::uint64_t{0};
  };
};

/// Within which limits the calls are taken.
struct extension_config {
  call_limits limits{};
  std::size_t max_body = std::size_t{4} << 20; ///< Bytes of a call's body once it is unpacked.
  std::size_t max_items = 1024;                ///< Of a call; more is invalid_argument.

  /// Get stops adding entries to an answer of this many bytes: the others are resource_exhausted.
  std::size_t max_answer = std::size_t{32} << 20;

  std::size_t keys_on_loop = 64; ///< A look-up of more keys leaves the session's loop.
  duration delete_time = std::chrono::seconds{2}; ///< DeleteMatching begins no new group after it.
  std::shared_ptr<call_counters> counters = std::make_shared<call_counters>();
  drop_contents drop{};
};

/// The calls that Deja offers beside Flyte's, `POST /deja.v1.CacheService/<Method>`; see
/// `deja/v1/cache.proto`.
std::vector<route> extension_routes(extension_parts parts, extension_config config = {});

} // namespace deja::http
