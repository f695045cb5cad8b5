#pragma once

#include <deja/messages/error.hpp>

#include <array>
#include <optional>
#include <string_view>

namespace deja::app::load {

/// What a request does. One may take several calls, one after the other.
enum class operation : std::uint8_t {
  get,       ///< Gets a key that was put before: a hit.
  miss,      ///< Gets a key that nobody has put.
  put,       ///< Puts a new key.
  put_again, ///< Puts a key that is there, without overwriting: it must be refused.
  overwrite, ///< Puts another value for a key that is there.
  reserve,   ///< Acquires the reservation of a key, extends it, releases it.
  memoize,   ///< As a task does: get, reserve, get, put, release, on a new key.
  wait,      ///< Waits for a reserved key until another connection puts it.
  async,     ///< Uploads and downloads by the embedded catalog; each is a request.

  // Not to be asked for.
  upload,   ///< Of `async`.
  download, ///< Of `async`.
  fill,     ///< Puts the keys that are there for the others.
};

inline constexpr std::size_t operation_count = 12;

std::string_view to_string(operation what);

/// How often each operation is chosen, in relation to the others.
using operation_mix = std::array<double, operation_count>;

/// `get=90,put=5,reserve=5`, or one operation's name. invalid_argument where a name is unknown, a
/// weight is negative or none is above 0.
result<operation_mix> parse_mix(const std::string& text);

/// Whether the mix has operations on keys that must have been put before.
bool needs_fill(const operation_mix& mix);

} // namespace deja::app::load
