#include <deja/app/load/html.hpp>
#include <deja/app/load/plot.hpp>
#include <deja/app/load/quantity.hpp>
#include <deja/app/load/report.hpp>
#include <deja/app/load/report_parts.hpp>
#include <deja/messages/base64.hpp>
#include <deja/messages/sha256.hpp>

#include <algorithm>

namespace deja::app::load {

namespace {

std::string in_quotes(const std::string& text) {
  return '"' + text + '"';
}

/// How a policy names an inline script or style that may be used.
std::string hash_source(std::string_view text) {
  return "'sha256-" + to_base64(bytes_of(sha256::of(text))) + '\'';
}

std::string policy() {
  return "default-src 'none'; style-src " + hash_source(report_style()) + "; script-src " +
         hash_source(report_script());
}

std::string title_of(reported_runs runs) {
  return runs.size() == 1 ? "deja load: " + runs.front().run.name
                          : "deja load: " + std::to_string(runs.size()) + " runs";
}

std::string about(const reported_run& reported) {
  const auto& run = reported.run;
  return "<li><i class=\"" + reported.colour + "\"></i><b><bdi>" + escaped(reported.label) +
         "</bdi></b> <bdi>" + escaped(run.target) + "</bdi> <span>" + escaped(run.started) + ", " +
         escaped(time_text(run.seconds_taken)) + "</span></li>";
}

std::string section(const std::string& title, const std::string& content) {
  return content.empty() ? "" : "<section><h2>" + title + "</h2>\n" + content + "</section>\n";
}

/// Tables, beside each other where there is room.
std::string tables(const std::string& all) {
  return all.empty() ? "" : "<div class=\"tables\">\n" + all + "</div>\n";
}

/// The longest time that a point of a plot over time stands for, in seconds.
double longest_stretch(const reported_run& run) {
  double longest = 0, begin = 0;
  for (const auto& one : run.seconds) {
    longest = std::max(longest, one.t - begin);
    begin = one.t;
  }
  return longest;
}

/// What the points over time are, where they are not seconds.
std::string stretches(reported_runs runs) {
  std::string text;
  for (const auto& one : runs)
    if (const auto longest = longest_stretch(one); longest > 1.5)
      text += "<p class=\"hint\">" +
              escaped(titled(one, runs.size() == 1, "Each point over time") + " stands for up to " +
                      time_text(longest) +
                      ": the highest of the latencies and memory in it, the mean of the rest.") +
              "</p>\n";
  return text;
}

std::string body(reported_runs runs) {
  const bool alone = runs.size() == 1;
  std::string html =
      "<header><h1><bdi>" + escaped(title_of(runs)) + "</bdi></h1>\n<ul class=\"runs\">";
  for (const auto& one : runs)
    html += about(one);
  html += "</ul></header>\n<main>\n" + notices(runs);
  if (alone)
    html += headline(runs.front());
  else
    html += section("Side by side", tables(totals_table(runs)));
  html += section("Latency", stretches(runs) + latency_plots(runs) + tables(latency_table(runs)));
  html += section("Throughput and errors", throughput_plots(runs) + tables(errors_table(runs)));
  html += section("Cost", cost_plots(runs));
  std::string details;
  for (const auto& one : runs)
    details += tables_of(one, alone);
  html += section("Goal", probe_plots(runs));
  html += section("Phases and events", tables(details));
  if (alone)
    html += section("Totals and settings", tables(totals_table(runs) + settings_table(runs)));
  else
    html += section("Settings", tables(settings_table(runs)));
  std::string seconds;
  for (const auto& one : runs)
    seconds += seconds_table(one, alone);
  return html + section("Seconds", seconds) + "</main>\n";
}

std::string page(reported_runs runs) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=" +
         in_quotes(policy()) +
         ">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<title>" +
         escaped(title_of(runs)) + "</title>\n<style>" + std::string{report_style()} +
         "</style></head>\n<body>\n" + body(runs) + "<script>" + std::string{report_script()} +
         "</script>\n</body></html>\n";
}

reported_run reported(recorded_run run, std::size_t at, bool alone) {
  const auto label =
      alone ? run.name : std::string(1, static_cast<char>('A' + at)) + ' ' + run.name;
  auto seconds = rates_of(run.seconds, plot_columns);
  return {std::move(run), label, 's' + std::to_string(at), std::move(seconds)};
}

} // namespace

result<std::string> html_report(std::span<const std::string> run_documents) {
  const auto count = run_documents.size();
  if (count == 0)
    return error{errc::invalid_argument, "a report needs a run's document at least"};
  if (count > most_compared_runs)
    return error{errc::invalid_argument, std::to_string(count) + " runs are too many to compare, " +
                                             std::to_string(most_compared_runs) + " are possible"};
  std::vector<reported_run> runs;
  for (std::size_t at = 0; at < count; ++at) {
    auto run = read_run(run_documents[at]);
    if (!run)
      return within("document " + std::to_string(at + 1) + " of " + std::to_string(count),
                    run.error());
    runs.push_back(reported(std::move(*run), at, count == 1));
  }
  return page(runs);
}

} // namespace deja::app::load
