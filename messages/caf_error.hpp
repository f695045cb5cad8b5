#pragma once

#include <deja/messages/error.hpp>

#include <caf/error.hpp>
#include <caf/make_message.hpp>

CAF_ERROR_CODE_ENUM(deja::errc, "deja")

namespace deja {

/// The category that our errors have in CAF.
inline constexpr auto error_category = caf::detail::error_factory<errc>::category;

/// The failure as CAF carries it: category `deja`, the code, and the message as context.
caf::error to_caf(const error& why);

/// A failure that came from an actor. CAF's own get the code that fits: a request that timed out is
/// deadline_exceeded, an actor that is down unavailable.
error from_caf(const caf::error& why);

} // namespace deja
