#include <deja/messages/error.hpp>

#include <array>

namespace deja {

namespace {

constexpr auto names = std::to_array<std::string_view>({
    "ok",
    "canceled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
});

static_assert(names.size() == static_cast<std::size_t>(errc::unauthenticated) + 1);

} // namespace

std::string_view to_string(errc code) {
  const auto at = static_cast<std::size_t>(code);
  return at < names.size() ? names[at] : "unknown";
}

std::optional<errc> parse_errc(std::string_view name) {
  for (std::size_t at = 1; at < names.size(); ++at)
    if (names[at] == name)
      return static_cast<errc>(at);
  return std::nullopt;
}

bool can_pass(errc code) {
  switch (code) {
  case errc::unavailable:
  case errc::deadline_exceeded:
  case errc::resource_exhausted:
  case errc::aborted:
  case errc::internal:
    return true;
  default:
    return false;
  }
}

std::string to_string(const error& why) {
  return std::string{to_string(why.code)} + ": " + why.message;
}

error within(std::string_view what, error why) {
  why.message = std::string{what} + ": " + why.message;
  return why;
}

void throw_exception_from_error(const error& why, const boost::source_location&) {
  throw failure(why);
}

} // namespace deja
