#pragma once

#include <deja/app/load/collector.hpp>
#include <deja/app/load/workload.hpp>

#include <fstream>

namespace deja::app::load {

/// Writes what every call asked and was told, an object of JSON in a line, for a checker of
/// linearizability:
///
///     {"client": 3, "called": 1200000, "returned": 1900000, "kind": "put", "extension": false,
///      "key": "p-…", "value": "load://…", "overwrite": true, "code": "ok"}
///
/// `called` and `returned` are nanoseconds since the file was begun. A client does one call at a
/// time. `kind` is get, put, reserve or release; `extension` tells `deja.v1` from Flyte's calls.
/// `value` is what was put or found; `owner` asks for or lets go a reservation, `lease` says for
/// how many nanoseconds, and `holder` who has it then. `code` is `ok`, one of Connect's, or
/// `not_held` of a release; where `code` and `returned` are missing, nobody knows what came of the
/// call: it may take effect at any time, or never. A release by Flyte's call does not tell what
/// came of it: it has `returned` alone. Reading calls without an answer are left out. A call of
/// many keys is a line a key.
///
/// Safe for many threads.
class history_file {
public:
  /// invalid_argument where it can't be made.
  static result<std::unique_ptr<history_file>> create(const std::string& path);

  /// Of its own for each connection, and a new one after a call whose outcome is unknown.
  std::uint64_t new_client() { return next_client_++; }

  /// Whether the outcome is known of all its items.
  bool add(std::uint64_t client, const payload& texts, const task& call, steady::time_point called,
           steady::time_point returned);

  void add_unknown(std::uint64_t client, const payload& texts, const task& call,
                   steady::time_point called);

  /// unavailable where not all of it could be written.
  result<void> close();

private:
  explicit history_file(const std::string& path);

  bool write(std::uint64_t client, const payload& texts, const task& call,
             steady::time_point called, std::optional<steady::time_point> returned);

  std::string path_;
  std::mutex mutex_; // for what follows
  std::ofstream file_;
  std::string lines_;
  std::atomic<std::uint64_t> next_client_{0};
  steady::time_point start_ = steady::now();
};

} // namespace deja::app::load
