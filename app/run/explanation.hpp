#pragma once

#include <deja/app/run/candidates.hpp>
#include <deja/app/run/fingerprint.hpp>
#include <deja/transport/blob/content_store.hpp>

namespace deja::run {

/// Why nothing is remembered under a call's key, for people: of the remembered calls of the same
/// name, in which parts the key of the nearest one differs (the one with most parts in common, of
/// equals the newest), the first of them and all; or why that can't be known.
std::string explain_miss(const fingerprint& command, const std::string& key,
                         candidate_source& remembered, content_store& contents);

/// A point in time for people, in local time: `2026-11-25 15:04:05`.
std::string date_and_time(wall_time when);

} // namespace deja::run
