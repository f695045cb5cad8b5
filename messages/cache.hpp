#pragma once

#include <deja/messages/sha256.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace deja {

/// A span of time. Nanoseconds, so that every duration of the wire fits without rounding.
using duration = std::chrono::nanoseconds;

/// A point on the wall clock, UTC.
using wall_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Who shares an entry: the service identifier that goes with every call.
struct scope {
  std::string org;
  std::string project;
  std::string domain;

  auto operator<=>(const scope&) const = default;
};

/// What an entry or a reservation is stored under.
struct entry_key {
  scope where;
  std::string key;

  auto operator<=>(const entry_key&) const = default;
};

/// The primary key in every index: SHA-256 over org, project, domain and key, each behind its
/// length as 8 bytes, little-endian, so that no two different quadruples meet.
digest primary_key(const entry_key& key);

/// The same for many keys, quicker than one by one.
std::vector<digest> primary_keys(std::span<const entry_key> keys);

/// A remembered output as the index holds it.
struct entry {
  // What a look-up reads stands together, for each cache line of it may have to be waited for.
  std::string output;     ///< CachedOutput's wire bytes, with created_at and last_updated_at.
  std::uint64_t size = 0; ///< Bytes of `output`.
  wall_time created{};    ///< As the first putter said, else when it was put.
  wall_time updated{};    ///< When it was last put.
  wall_time accessed{};   ///< When it was last touched.
  std::optional<wall_time> expires{}; ///< When it stops being an entry.
  std::uint64_t generation = 0;       ///< Rises with each put of this key; never reused.
  entry_key key;
  std::string task; ///< The source task's name, for listings; may be empty.
  digest content{}; ///< SHA-256 over the output without its metadata (`content_digest`).
};

/// The right to compute an entry, held by one owner until it expires.
struct reservation {
  bool operator==(const reservation&) const = default;

  entry_key key;
  std::string owner;
  std::uint64_t fencing_token = 0; ///< New with each new owner, ever rising; 0: not known here.
  wall_time since{};               ///< When this owner got it.
  duration heartbeat{};            ///< How often the owner promised to extend it.
  wall_time expires{};             ///< When it runs out unless it is extended.
};

/// Proof of holding a reservation, sent along with a put.
struct fence {
  std::string owner;
  std::uint64_t token = 0; ///< 0: not known, so only that `owner` holds it can be checked.

  auto operator<=>(const fence&) const = default;
};

/// When a put may replace the entry that is there. Without any of these it may not.
struct put_condition {
  bool overwrite = false;                    ///< Always.
  std::optional<duration> max_age{};         ///< Where it was updated longer ago than this.
  std::optional<std::uint64_t> generation{}; ///< Where it is still this generation.
  std::optional<fence> held{};               ///< And in any case only while this is held.
};

} // namespace deja
