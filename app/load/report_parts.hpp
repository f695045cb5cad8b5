#pragma once

#include <deja/app/load/recorded_run.hpp>

#include <span>
#include <string>
#include <string_view>

namespace deja::app::load {

/// A run and how it appears in a report.
struct reported_run {
  recorded_run run;
  std::string label;                    ///< Tells it from the others.
  std::string colour;                   ///< A class of the style sheet.
  std::vector<recorded_second> seconds; ///< As rates, as many as can be shown.
};

using reported_runs = std::span<const reported_run>;

/// What must not be overlooked: wrong answers, warnings, an end before its time.
std::string notices(reported_runs runs);

/// The few numbers that matter most, of a single run.
std::string headline(const reported_run& run);

std::string totals_table(reported_runs runs);
std::string latency_table(reported_runs runs);
std::string errors_table(reported_runs runs);
std::string settings_table(reported_runs runs);

/// Phases, outages, wrong answers and probes, where there are any.
std::string tables_of(const reported_run& run, bool alone);
std::string seconds_table(const reported_run& run, bool alone);

std::string latency_plots(reported_runs runs);
std::string throughput_plots(reported_runs runs);
std::string cost_plots(reported_runs runs);
std::string probe_plots(reported_runs runs);

/// The page's style sheet and script, without their tags.
std::string_view report_style();
std::string_view report_script();

/// `what`, and whose it is where there are several.
inline std::string titled(const reported_run& run, bool alone, std::string_view what) {
  return std::string{what} + (alone ? "" : " of " + run.label);
}

} // namespace deja::app::load
