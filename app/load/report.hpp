#pragma once

#include <deja/messages/error.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace deja::app::load {

/// How many runs a report compares at most.
inline constexpr std::size_t most_compared_runs = 8;

/// One HTML page about one run, or about several side by side, each given by the document that
/// `deja load --json` prints. The page needs nothing else: its plots, styles and few lines of
/// script are in it, and its policy has the browser load nothing. Its size is bounded, however long
/// a run was.
///
/// Errors: invalid_argument where there are no documents or too many; where one can't be read, with
/// its number and what is wrong in it, as `document 2 of 3: seconds[3].p50: is missing`.
result<std::string> html_report(std::span<const std::string> run_documents);

} // namespace deja::app::load
