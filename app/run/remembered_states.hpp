#pragma once

#include <deja/messages/catalog.hpp>

namespace deja::run {

/// How an entry holds the results for several states of the files that only the tool knows, as
/// literals of its LiteralMap: `state:00` is the newest one, `state:15` the oldest. Each is a map
/// of what `output_writer` writes for one result, with the state's list of files under `files`;
/// metadata `stored-ms` (when, since the epoch) and `duration-ms` (what the command took).
struct state_limits {
  std::size_t states = 16;             ///< In an entry; the oldest go.
  std::size_t bytes = 1024UL * 1024UL; ///< Of an entry that holds more than one.
};

/// Where a state's list of files lies in its map.
inline constexpr const char* files_field = "files";

/// A state's literal.
core::Literal make_state(core::LiteralMap result, wall_time stored, duration took);

/// When the state was stored, by the clock of the process that did; the epoch where it doesn't say.
wall_time stored_at(const core::Literal& state);

/// What the command took then.
duration taken_by(const core::Literal& state);

/// The entry's states, newest first.
std::vector<const core::Literal*> states_of(const core::LiteralMap& entry);

/// The entry with one more state, the newest, in place of one with the same list of files.
core::LiteralMap with_state(const core::LiteralMap& entry, core::Literal state,
                            state_limits limits = {});

} // namespace deja::run
