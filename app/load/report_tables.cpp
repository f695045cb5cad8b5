#include <deja/app/load/html.hpp>
#include <deja/app/load/plot.hpp>
#include <deja/app/load/quantity.hpp>
#include <deja/app/load/report_parts.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <ranges>
#include <set>

namespace deja::app::load {

namespace {

constexpr auto none = "–";

double sum(const named_numbers& all) {
  double total = 0;
  for (const auto& [name, number] : all)
    total += number;
  return total;
}

std::string share(double part, double whole) {
  return whole > 0 ? share_text(part / whole) : none;
}

/// What is better of a measure.
enum class better { lower, higher, neither };

/// A run's value, beside it how many times the first run's it is.
table_cell compared(std::optional<double> value, std::optional<double> first,
                    std::string (*text)(double), better which) {
  if (!value)
    return {none};
  if (!first || *first <= 0)
    return {text(*value)};
  const double ratio = *value / *first;
  const bool level = std::abs(ratio - 1) < 0.02 || which == better::neither;
  const bool good = (ratio > 1) == (which == better::higher);
  return {text(*value), "×" + ratio_text(ratio), level ? "" : good ? "better" : "worse"};
}

std::vector<std::string> columns(reported_runs runs, const std::string& first) {
  std::vector<std::string> all{first};
  for (const auto& one : runs)
    all.push_back(runs.size() == 1 ? "this run" : one.label);
  return all;
}

std::string notice(const std::string& style, const std::string& text) {
  return "<li class=\"" + style + "\">" + escaped(text) + "</li>\n";
}

std::string tile(const std::string& name, const std::string& value, const std::string& note,
                 const std::string& style = "") {
  return "<div class=\"" + style + "\"><dt>" + escaped(name) + "</dt><dd><b>" + escaped(value) +
         "</b> <small>" + escaped(note) + "</small></dd></div>\n";
}

/// `all` first, then the others by name.
std::vector<std::string> operations(reported_runs runs) {
  std::set<std::string> names;
  for (const auto& one : runs)
    for (const auto& [name, latency] : one.run.latency)
      names.insert(name);
  names.erase("all");
  std::vector<std::string> all{"all"};
  if (names.size() != 1 || runs.size() > 1)
    all.insert(all.end(), names.begin(), names.end());
  return all;
}

std::string mix_text(const named_numbers& mix) {
  std::string text;
  for (const auto& [operation, weight] : mix)
    text += (text.empty() ? "" : ", ") + operation + ' ' + number_text(weight);
  return text;
}

std::string or_none(std::optional<double> value, std::string (*text)(double)) {
  return value ? text(*value) : none;
}

std::string yes_or_no(bool yes) {
  return yes ? "yes" : "no";
}

/// The service's CPU time for a request, in microseconds.
std::optional<double> cpu_a_request(const recorded_run& run) {
  if (!run.service_cpu || run.requests == 0)
    return {};
  return *run.service_cpu * run.seconds_taken / run.requests * 1e6;
}

/// A measure of all latencies of a run that has some.
auto of_all(double recorded_latency::*what) {
  return [=](const recorded_run& run) -> std::optional<double> {
    const auto& all = run.latency.at("all");
    return all.count > 0 ? std::optional{all.*what} : std::nullopt;
  };
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

std::string notices(reported_runs runs) {
  std::string list;
  const bool alone = runs.size() == 1;
  for (const auto& one : runs) {
    const auto& run = one.run;
    const auto whose = alone ? "" : one.label + ": ";
    if (run.wrong > 0)
      list += notice("bad", whose + count_text(run.wrong) + " wrong answers");
    for (const auto& outage : run.outages | std::views::take(10))
      list +=
          notice("bad", whose + "no service from " + time_text(outage.from) + " to " +
                            (outage.to ? time_text(*outage.to) : "the end") + ": " + outage.code);
    if (run.interrupted)
      list += notice("warn", whose + "interrupted after " + time_text(run.seconds_taken));
    for (const auto& warning : run.warnings | std::views::take(10))
      list += notice("warn", whose + warning);
  }
  return list.empty() ? "" : "<ul class=\"notices\">" + list + "</ul>\n";
}

std::string headline(const reported_run& reported) {
  const auto& run = reported.run;
  const auto& all = run.latency.at("all");
  const double errors = sum(run.errors);
  const auto due =
      run.loop == "closed"
          ? "of " + count_text(run.requests) + " requests"
          : "of " + number_text(run.seconds_taken > 0 ? run.due / run.seconds_taken : 0) + "/s due";
  const auto latency = [&](double value) {
    return all.count > 0 ? latency_text(value) : none;
  };
  return "<dl class=\"tiles\">" + tile("Answered", number_text(run.rate) + "/s", due) +
         tile("p50", latency(all.p50), "half were quicker") +
         tile("p99", latency(all.p99), "1 in 100 was slower") +
         tile("p99.9", latency(all.p99_9), "1 in 1000 was slower") +
         tile("Slowest", latency(all.max), "of " + count_text(all.count)) +
         tile("Errors", count_text(errors), share(errors, run.requests), errors > 0 ? "warn" : "") +
         tile("Wrong answers", count_text(run.wrong), "", run.wrong > 0 ? "bad" : "") + "</dl>\n";
}

std::string totals_table(reported_runs runs) {
  struct measure {
    const char* name;
    std::function<std::optional<double>(const recorded_run&)> of;
    std::string (*text)(double);
    better which;
  };

  using run = recorded_run;
  const std::array measures{
      measure{"answered a second", [](const run& of) { return of.rate; }, number_text,
              better::higher},
      measure{"due", [](const run& of) { return of.due; }, count_text, better::neither},
      measure{"requests", [](const run& of) { return of.requests; }, count_text, better::neither},
      measure{"ok", [](const run& of) { return of.ok; }, count_text, better::neither},
      measure{"errors", [](const run& of) { return sum(of.errors); }, count_text, better::lower},
      measure{"wrong answers", [](const run& of) { return of.wrong; }, count_text, better::lower},
      measure{"p50", of_all(&recorded_latency::p50), latency_text, better::lower},
      measure{"p99", of_all(&recorded_latency::p99), latency_text, better::lower},
      measure{"p99.9", of_all(&recorded_latency::p99_9), latency_text, better::lower},
      measure{"slowest", of_all(&recorded_latency::max), latency_text, better::lower},
      measure{"sent", [](const run& of) { return of.bytes_sent; }, bytes_text, better::neither},
      measure{"received", [](const run& of) { return of.bytes_received; }, bytes_text,
              better::neither},
      measure{"service's CPU, in cores", [](const run& of) { return of.service_cpu; }, number_text,
              better::lower},
      measure{"service's CPU a request", cpu_a_request, latency_text, better::lower},
      measure{"service's memory at the end", [](const run& of) { return of.service_rss; },
              bytes_text, better::lower},
      measure{"harness' CPU, in cores", [](const run& of) { return of.harness_cpu; }, number_text,
              better::neither},
      measure{"took", [](const run& of) { return of.seconds_taken; }, time_text, better::neither},
  };
  html_table table{runs.size() == 1 ? "Totals" : "Totals; × is to the first run",
                   columns(runs, "")};
  for (const auto& measure : measures) {
    std::vector<table_cell> cells;
    for (const auto& one : runs)
      cells.push_back(compared(measure.of(one.run),
                               cells.empty() ? std::nullopt : measure.of(runs.front().run),
                               measure.text, measure.which));
    table.add(measure.name, std::move(cells));
  }
  return table.html();
}

std::string latency_table(reported_runs runs) {
  using latency = recorded_latency;
  static constexpr std::array columns{&latency::min,   &latency::mean,   &latency::p50,
                                      &latency::p75,   &latency::p90,    &latency::p99,
                                      &latency::p99_9, &latency::p99_99, &latency::max};
  html_table table{runs.size() == 1 ? "Latency by operation"
                                    : "Latency by operation; × is to the first run",
                   {"operation", "requests", "min", "mean", "p50", "p75", "p90", "p99", "p99.9",
                    "p99.99", "max"}};
  table.stack_notes();
  for (const auto& operation : operations(runs)) {
    const latency* first = nullptr;
    for (const auto& one : runs) {
      const auto found = one.run.latency.find(operation);
      if (found == one.run.latency.end())
        continue;
      const auto& these = found->second;
      std::vector<table_cell> cells{{count_text(these.count)}};
      for (const auto column : columns)
        cells.push_back(compared(these.count > 0 ? std::optional{these.*column} : std::nullopt,
                                 first ? std::optional{first->*column} : std::nullopt, latency_text,
                                 better::lower));
      first = first ? first : &these;
      table.add(runs.size() == 1 ? operation : operation + " · " + one.label, std::move(cells));
    }
  }
  return table.html();
}

std::string errors_table(reported_runs runs) {
  std::set<std::string> codes;
  for (const auto& one : runs)
    for (const auto& [code, count] : one.run.errors)
      codes.insert(code);
  if (codes.empty())
    return {};
  html_table table{"Errors by code", columns(runs, "code")};
  for (const auto& code : codes) {
    std::vector<table_cell> cells;
    for (const auto& one : runs) {
      const auto found = one.run.errors.find(code);
      const double count = found == one.run.errors.end() ? 0 : found->second;
      cells.push_back({count_text(count), share(count, one.run.requests)});
    }
    table.add(code, std::move(cells));
  }
  return table.html();
}

std::string settings_table(reported_runs runs) {
  struct setting {
    const char* name;
    std::function<std::string(const recorded_run&)> of;
  };

  using run = recorded_run;
  const std::array settings{
      setting{"target",
              [](const run& of) {
                return of.target;
              }},
      setting{"service",
              [](const run& of) {
                return of.service.value_or("unknown");
              }},
      setting{"deja's extension",
              [](const run& of) {
                return yes_or_no(of.extension);
              }},
      setting{"service's process",
              [](const run& of) {
                return of.service_pid ? "on this machine, " + number_text(*of.service_pid)
                                      : "elsewhere";
              }},
      setting{"mix",
              [](const run& of) {
                return mix_text(of.mix);
              }},
      setting{"loop",
              [](const run& of) {
                return of.loop + (of.arrivals ? ", " + *of.arrivals + " arrivals" : "");
              }},
      setting{"planned",
              [](const run& of) {
                return time_text(of.planned_seconds);
              }},
      setting{"connections",
              [](const run& of) {
                return count_text(of.connections);
              }},
      setting{"keys",
              [](const run& of) {
                return count_text(of.keys) + ", " + of.key_distribution;
              }},
      setting{"value size",
              [](const run& of) {
                return of.value_size;
              }},
      setting{"keys a call",
              [](const run& of) {
                return count_text(of.batch);
              }},
      setting{"encoding",
              [](const run& of) {
                return of.encoding;
              }},
      setting{"seed",
              [](const run& of) {
                return std::to_string(of.seed);
              }},
      setting{"started",
              [](const run& of) {
                return of.started;
              }},
      setting{"processor",
              [](const run& of) {
                return of.cpu + ", " + number_text(of.cores) + " cores";
              }},
      setting{"kernel",
              [](const run& of) {
                return of.kernel;
              }},
      setting{"harness",
              [](const run& of) {
                return "deja " + of.deja;
              }},
  };
  html_table table{runs.size() == 1 ? "Settings" : "Settings; marked where they differ",
                   columns(runs, "")};
  for (const auto& setting : settings) {
    const auto first = setting.of(runs.front().run);
    const bool same =
        std::ranges::all_of(runs, [&](const auto& one) { return setting.of(one.run) == first; });
    std::vector<table_cell> cells;
    for (const auto& one : runs)
      cells.push_back({setting.of(one.run), "", same ? "words" : "words differs"});
    table.add(setting.name, std::move(cells));
  }
  return table.html();
}

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
      cells.push_back({at.requests > 0 ? latency_text(latency) : none});
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
