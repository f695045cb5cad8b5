#pragma once

#include <deja/actors/memoization.hpp>

#include <filesystem>

namespace deja::run {

/// What became of one `deja run`.
using outcome = memoization_outcome;

/// What `--verify` found.
enum class verification { same, different, not_compared };

/// As it stands in a report: `hit`, `computed_and_stored`, `lost_race`, …
std::string_view to_string(outcome what);

/// As it stands in a report in an outcome's place: `verified`, `different`, `not_compared`.
std::string_view to_string(verification what);

/// A line of a report.
struct run_report {
  std::string key; ///< The cache key; empty where there was none.
  run::outcome outcome = outcome::unremembered;
  duration took{};         ///< From start to end.
  duration saved{};        ///< What the command took when it was stored, less `took`.
  std::uint64_t bytes = 0; ///< Handed out or stored.
  int status = 0;          ///< The command's exit status.
  std::optional<verification> verified{}; ///< Where it was computed to be compared.
};

/// One line of JSON, with its line end.
std::string to_json(const run_report& line);

/// Appends the line in one write, so that lines of many processes don't mix.
result<void> append_report(const std::filesystem::path& file, const run_report& line);

} // namespace deja::run
