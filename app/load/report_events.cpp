#include <deja/app/load/html.hpp>
#include <deja/app/load/plot.hpp>
#include <deja/app/load/quantity.hpp>
#include <deja/app/load/report_parts.hpp>

#include <algorithm>

namespace deja::app::load {

namespace {

std::string or_none(std::optional<double> value, std::string (*text)(double)) {
  return value ? text(*value) : no_value;
}

std::string phases_table(const reported_run& reported, bool alone) {
  html_table table{titled(reported, alone, "Phases"),
                   {"from", "to", "rate wanted", "rate reached"}};
  for (const auto& one : reported.run.phases)
    table.add(time_text(one.from), {{time_text(one.to)},
                                    {one.rate ? number_text(*one.rate) + "/s" : "highest"},
                                    {number_text(one.achieved) + "/s"}});
  return reported.run.phases.size() > 1 ? table.html() : "";
}

std::string outages_table(const reported_run& reported, bool alone) {
  html_table table{titled(reported, alone, "Outages"), {"from", "to", "for", "error", "requests"}};
  const auto& run = reported.run;
  for (const auto& one : run.outages)
    table.add(time_text(one.from),
              {{one.to ? time_text(*one.to) : "the end"},
               {time_text(std::max(0., one.to.value_or(run.seconds_taken) - one.from))},
               {one.code},
               {count_text(one.requests)}});
  return table.empty() ? "" : table.html();
}

std::string violations_table(const reported_run& reported, bool alone) {
  html_table table{titled(reported, alone, "Wrong answers"), {"at", "what"}};
  for (const auto& one : reported.run.violations)
    table.add(time_text(one.t), {{one.what, "", "words"}});
  return table.empty() ? "" : table.html();
}

std::string probes_table(const reported_run& reported, bool alone) {
  const auto& goal = reported.run.goal;
  if (!goal)
    return {};
  const auto found =
      goal->limit_rate ? "kept up to " + number_text(*goal->limit_rate) + "/s" : "never kept";
  html_table table{titled(reported, alone, "Rates tried for the goal " + goal->goal) + ": " + found,
                   {"rate", "latency", "goal"}};
  for (const auto& one : goal->probes)
    table.add(number_text(one.rate) + "/s",
              {{latency_text(one.latency)},
               {one.met ? "kept" : "missed", "", one.met ? "better" : "worse"}});
  return table.html();
}

} // namespace

std::string tables_of(const reported_run& run, bool alone) {
  return probes_table(run, alone) + phases_table(run, alone) + outages_table(run, alone) +
         violations_table(run, alone);
}

std::string seconds_table(const reported_run& reported, bool alone) {
  html_table table{titled(reported, alone, "Over time"),
                   {"at", "due", "requests", "ok", "errors", "wrong", "p50", "p90", "p99", "p99.9",
                    "max", "service's CPU", "memory", "harness' CPU"},
                   plot_columns};
  for (const auto& at : reported.seconds) {
    std::vector<table_cell> cells;
    for (const double rate : {at.due, at.requests, at.ok, sum(at.errors), at.wrong})
      cells.push_back({number_text(rate)});
    for (const double latency : {at.p50, at.p90, at.p99, at.p99_9, at.max})
      cells.push_back({at.requests > 0 ? latency_text(latency) : no_value});
    cells.push_back({or_none(at.service_cpu, number_text)});
    cells.push_back({or_none(at.service_rss, bytes_text)});
    cells.push_back({number_text(at.harness_cpu)});
    table.add(time_text(at.t), std::move(cells));
  }
  if (table.empty())
    return {};
  return "<details><summary>" + escaped(titled(reported, alone, "All values over time")) +
         "</summary>\n" + table.html() + "</details>\n";
}

} // namespace deja::app::load
