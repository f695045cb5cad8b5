#pragma once

#include <deja/transport/index/index.hpp>
#include <deja/transport/retry_schedule.hpp>

#include <chrono>
#include <string>

namespace deja {

/// An index on PostgreSQL that any number of processes share.
struct postgres_index_config {
  std::string url; ///< postgresql://USER@HOST:PORT/DATABASE and what else libpq takes.
  std::chrono::milliseconds connect_timeout{3'000}; ///< For each host; `connect_timeout=` in the
                                                    ///< URL goes before it.
  std::chrono::milliseconds statement_timeout{10'000};
  /// The pauses between attempts to connect; how many there are has no limit.
  retry_limits reconnect{.first_pause = std::chrono::milliseconds{100},
                         .longest_pause = std::chrono::seconds{2}};
  std::size_t readers = 1; ///< Connections for look-ups: the fewer, the larger the groups.
  /// Operations, and keys looked up a reader, that may wait for their turn, where each 8 KiB of
  /// outputs is one more; else they are resource_exhausted.
  std::size_t most_waiting = 65'536;
  std::size_t group = 512; ///< About so many operations or keys, counted like that, go together.
  bool announce = true;    ///< Changes are told to other processes.
  /// SQL: the database's clock in nanoseconds since 1970. Every decision is made by it alone.
  std::string now = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000";

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// Never waits for the database. While it can't be reached, calls fail with `unavailable` and when
/// it is tried again, `ready` says why, and it recovers by itself; so it does from a restart and to
/// another primary, where the URL names several hosts. The tables are made where there are none;
/// where a newer Deja made them all calls are failed_precondition. Errors: invalid_argument for
/// what is not valid, unimplemented where PostgreSQL's client library is not installed.
result<std::unique_ptr<index>> make_postgres_index(postgres_index_config config);

} // namespace deja
