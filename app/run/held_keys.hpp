#pragma once

#include <deja/app/run/environment.hpp>

#include <string_view>

namespace deja::run {

/// Names the keys that the processes above hold, so that a command that calls `deja run` for one of
/// them does not wait for itself.
constexpr auto held_keys = "DEJA_HELD";

/// Whether a process above holds the key.
bool is_held_above(const variables& environment, std::string_view key);

/// Adds the key to what a command's environment says is held.
void add_held(variables& environment, std::string_view key);

} // namespace deja::run
