#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace deja {

/// What can go wrong, in the Connect protocol's terms. The numbers are gRPC's.
enum class errc : std::uint8_t {
  ok = 0,                  ///< Nothing went wrong; never the code of an `error`.
  canceled = 1,            ///< The caller gave up.
  unknown = 2,             ///< A failure that fits nowhere else.
  invalid_argument = 3,    ///< The request itself is wrong, whatever the state of the cache.
  deadline_exceeded = 4,   ///< The time allowed ran out; the operation may have happened.
  not_found = 5,           ///< A miss.
  already_exists = 6,      ///< A put without overwrite met an entry.
  permission_denied = 7,   ///< The caller is known and may not do this.
  resource_exhausted = 8,  ///< A limit, a quota or a disk is full.
  failed_precondition = 9, ///< The state does not allow it, as a put with a stale fencing token.
  aborted = 10,            ///< A conflict; worth another try from the start.
  out_of_range = 11,       ///< Past the end of something.
  unimplemented = 12,      ///< Not offered here.
  internal = 13,           ///< A broken invariant or a damaged answer.
  unavailable = 14,        ///< Not now; another try may succeed.
  data_loss = 15,          ///< Stored data is damaged or gone.
  unauthenticated = 16,    ///< No valid credentials.
};

/// The code's name as it stands on the wire, for example `not_found`.
std::string_view to_string(errc code);

/// The code with that name, if there is one. `ok` has none on the wire.
std::optional<errc> parse_errc(std::string_view name);

/// Whether the same request may succeed later: unavailable, deadline_exceeded, resource_exhausted,
/// aborted and internal.
bool can_pass(errc code);

/// A failure: its code, and a text that says what was being done, to what, and what can be done.
struct error {
  error() = default;

  error(errc what, std::string text) : code(what), message(std::move(text)) {}

  bool operator==(const error&) const = default;

  errc code = errc::unknown;
  std::string message;
};

/// `not_found: no entry for key "k"`.
std::string to_string(const error& why);

/// The same failure, seen from further out: `what` is set before its message, and ": " between.
error within(std::string_view what, error why);

/// An error as an exception, for constructors and for `result::value()`.
class failure : public std::runtime_error {
public:
  explicit failure(error why) : std::runtime_error(to_string(why)), why_(std::move(why)) {}

  const error& why() const { return why_; }

private:
  error why_;
};

[[noreturn]] void throw_exception_from_error(const error& why, const boost::source_location& where);

/// A value or an error. `result<void>` has no value but can fail.
template <class T>
using result = boost::system::result<T, error>;

} // namespace deja
