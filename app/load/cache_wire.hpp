#pragma once

#include <deja/app/load/payload.hpp>
#include <deja/messages/error.hpp>

#include <memory>
#include <span>
#include <vector>

namespace deja::app::load {

/// The calls that a load is made of: Flyte's, of one key each, and those of `deja.v1`, of many.
enum class method : std::uint8_t {
  get,
  put,
  reserve,
  release,
  get_many,
  put_many,
  reserve_many,
  release_many,
  wait,
};

inline constexpr std::size_t method_count = 9;

/// The path of the method's URL.
std::string_view path_of(method which);

/// What is asked for a key; a method uses its own fields of it.
struct item {
  key_ref key;
  std::uint32_t version = 0; ///< Of the value to put.
  bool overwrite = false;
  std::uint64_t owner = 0;
};

/// How long a reservation stays without an extension, by what is asked for.
inline constexpr std::chrono::seconds heartbeat{10};
inline constexpr std::chrono::seconds lease{3 * heartbeat.count()};

/// What came of an item.
struct answer {
  errc code = errc::ok;
  std::string_view value{}; ///< Of a get; lives as long as the body that was read.
  std::string_view owner{}; ///< Of a reserve: who holds it.
  bool held = true;         ///< Of a release: whether it was held; always where that isn't told.
  bool has_entry = false;   ///< Of a wait: it ended because there is an entry.
};

/// Requests' bodies from items, and answers from the bodies of 200. Keeps its memory from call to
/// call; not thread-safe.
class cache_wire {
public:
  virtual ~cache_wire() = default;

  /// Of requests and answers.
  virtual std::string_view content_type() const = 0;

  /// Appends the body. Flyte's methods and `wait` take one item.
  virtual void write(std::string& to, method which, std::span<const item> items) = 0;

  /// Fills `into`, an answer an item. internal where the body is not what the method answers.
  virtual result<void> read(method which, std::string_view body, std::span<answer> into) = 0;
};

enum class encoding : std::uint8_t { proto, json };

std::unique_ptr<cache_wire> make_cache_wire(encoding how, const payload& texts);

} // namespace deja::app::load
