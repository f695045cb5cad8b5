#include <deja/app/load/html.hpp>
#include <deja/app/load/quantity.hpp>
#include <deja/app/load/report_parts.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace deja::app::load {

namespace {

/// What is better of a measure.
enum class better { lower, higher, neither };

/// A run's value, beside it how many times the first run's it is.
table_cell compared(std::optional<double> value, std::optional<double> first,
                    std::string (*text)(double), better which) {
  if (!value)
    return {no_value};
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

struct measure {
  std::string name;
  std::optional<double> value;
  std::string (*text)(double);
  better which = better::neither;
};

std::vector<measure> measures_of(const recorded_run& run) {
  const auto& all = run.latency.at("all");
  const auto latency = [&](std::string name, double value) {
    const auto some = all.count > 0 ? std::optional{value} : std::nullopt;
    return measure{std::move(name), some, latency_text, better::lower};
  };
  std::optional<double> cpu_a_request;
  if (run.service_cpu && run.requests > 0)
    cpu_a_request = *run.service_cpu * run.seconds_taken / run.requests * 1e6;
  return {{"highest rate that keeps the goal", run.goal ? run.goal->limit_rate : std::nullopt,
           number_text, better::higher},
          {"answered a second", run.rate, number_text, better::higher},
          {"due", run.due, count_text},
          {"requests", run.requests, count_text},
          {"ok", run.ok, count_text},
          {"errors", sum(run.errors), count_text, better::lower},
          {"wrong answers", run.wrong, count_text, better::lower},
          latency("p50", all.p50),
          latency("p99", all.p99),
          latency("p99.9", all.p99_9),
          latency("slowest", all.max),
          {"sent", run.bytes_sent, bytes_text},
          {"received", run.bytes_received, bytes_text},
          {"service's CPU, in cores", run.service_cpu, number_text, better::lower},
          {"service's CPU a request", cpu_a_request, latency_text, better::lower},
          {"service's memory", run.service_rss, bytes_text, better::lower},
          {"harness' CPU, in cores", run.harness_cpu, number_text},
          {"took", run.seconds_taken, time_text}};
}

std::vector<std::pair<std::string, std::string>> settings_of(const recorded_run& run) {
  const auto process =
      run.service_pid ? "on this machine, " + plain_text(*run.service_pid) : "elsewhere";
  return {{"target", run.target},
          {"service", run.service.value_or("unknown")},
          {"deja's extension", run.extension ? "yes" : "no"},
          {"service's process", process},
          {"mix", mix_text(run.mix)},
          {"loop", run.loop + (run.arrivals ? ", " + *run.arrivals + " arrivals" : "")},
          {"planned", time_text(run.planned_seconds)},
          {"connections", count_text(run.connections)},
          {"keys", count_text(run.keys) + ", " + run.key_distribution},
          {"value size", run.value_size},
          {"keys a call", count_text(run.batch)},
          {"encoding", run.encoding},
          {"seed", std::to_string(run.seed)},
          {"started", run.started},
          {"processor", run.cpu + ", " + number_text(run.cores) + " cores"},
          {"kernel", run.kernel},
          {"harness", "deja " + run.deja}};
}

} // namespace

std::string totals_table(reported_runs runs) {
  html_table table{runs.size() == 1 ? "Totals" : "Totals; × is to the first run",
                   columns(runs, "")};
  const auto first = measures_of(runs.front().run);
  for (std::size_t row = 0; row < first.size(); ++row) {
    std::vector<table_cell> cells;
    bool some = false;
    for (const auto& one : runs) {
      const auto measure = measures_of(one.run)[row];
      some = some || measure.value;
      cells.push_back(compared(measure.value, cells.empty() ? std::nullopt : first[row].value,
                               measure.text, measure.which));
    }
    if (some)
      table.add(first[row].name, std::move(cells));
  }
  return table.html();
}

std::string settings_table(reported_runs runs) {
  html_table table{runs.size() == 1 ? "Settings" : "Settings; marked where they differ",
                   columns(runs, "")};
  const auto first = settings_of(runs.front().run);
  for (std::size_t row = 0; row < first.size(); ++row) {
    std::vector<table_cell> cells;
    bool same = true;
    for (const auto& one : runs) {
      cells.push_back({settings_of(one.run)[row].second});
      same = same && cells.back().text == first[row].second;
    }
    for (auto& cell : cells)
      cell.style = same ? "words" : "words differs";
    table.add(first[row].first, std::move(cells));
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
      cells.push_back({count_text(count), share_text(count, one.run.requests)});
    }
    table.add(code, std::move(cells));
  }
  return table.html();
}

} // namespace deja::app::load
