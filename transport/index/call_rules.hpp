#pragma once

#include <deja/messages/catalog.hpp>
#include <deja/messages/operation.hpp>

#include <map>

namespace deja {

/// What the cache service allows and grants.
struct call_limits {
  std::size_t key_bytes = 1024;   ///< A key's length, and that of each part of its scope.
  std::size_t owner_bytes = 1024; ///< An owner id's length.
  duration max_heartbeat = std::chrono::seconds{10}; ///< Longer ones are cut to this.
  double grace_multiplier = 3; ///< A reservation expires after heartbeat × this. At least 1.
  std::optional<duration> lifetime{}; ///< Of entries, from each put on; none: ever.
  std::map<std::string, duration> project_lifetimes{}; ///< Of a project's entries, instead.

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// Flyte's five calls as operations of the index: what is checked before, and what an outcome means
/// after. One set of rules for the HTTP routes, the service in the same process and the data
/// folder. Immutable, so safe to use from many threads. Errors are invalid_argument with the field,
/// its size and the limit.
class call_rules {
public:
  explicit call_rules(call_limits limits = {}) : limits_(std::move(limits)) {}

  /// An empty key, a key or scope part over the limit, or not UTF-8.
  result<void> check(const entry_key& key) const;

  /// The entry lives as long as the limits say for its project. Times leave the metadata:
  /// `created_at` becomes the operation's, `last_updated_at` is dropped. An output that is neither
  /// literals nor a non-empty URI is an error, a negative max_age too.
  result<operation> put(entry_key key, const cacheservice::CachedOutput& output,
                        put_condition when) const;
  result<operation> remove(entry_key key) const;

  /// The heartbeat is the one asked for, capped at the maximum; the maximum where it is zero or
  /// negative. An empty owner is an error.
  result<operation> reserve(entry_key key, std::string owner, duration heartbeat) const;
  result<operation> release(entry_key key, std::string owner) const;

private:
  std::optional<duration> lifetime_in(const std::string& project) const;

  call_limits limits_;
};

/// The entry of a look-up's outcome, or not_found, or what failed.
result<found_output> got(const entry_key& key, const outcome& found);

/// What became of a put whose operation had this content digest.
result<put_status> was_put(const digest& content, const outcome& done);

/// What became of a deletion or a release.
result<void> was_done(const outcome& done);

/// The reservation in force after a reserve.
result<reservation> was_reserved(const outcome& done);

} // namespace deja
