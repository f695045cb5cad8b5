#include <deja/app/load/plot.hpp>
#include <deja/app/load/quantity.hpp>
#include <deja/app/load/report_parts.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <ranges>

namespace deja::app::load {

namespace {

using form = plot_series::form;
using points = std::vector<plot_series::point>;

constexpr double gap = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t most_colours = 8;

struct percentile {
  const char* name;
  const char* colour;
  double recorded_second::*of;
};

constexpr std::array percentiles{percentile{"max", "q4", &recorded_second::max},
                                 percentile{"p99.9", "q3", &recorded_second::p99_9},
                                 percentile{"p99", "q2", &recorded_second::p99},
                                 percentile{"p90", "q1", &recorded_second::p90},
                                 percentile{"p50", "q0", &recorded_second::p50}};

std::string colour(std::size_t at) {
  return 's' + std::to_string(std::min(at, most_colours - 1));
}

/// A value of each second, in their order.
template <class Value>
points over_time(const reported_run& run, Value value) {
  points all;
  for (const auto& second : run.seconds)
    all.push_back({second.t, value(second)});
  return all;
}

points latencies(const reported_run& run, double recorded_second::*which) {
  return over_time(run, [&](const recorded_second& at) {
    return at.requests > 0 && at.*which > 0 ? at.*which : gap;
  });
}

std::string cores_text(double cores) {
  return number_text(cores) + (cores == 1 ? " core" : " cores");
}

std::string rate_text(double rate) {
  return number_text(rate) + "/s";
}

std::string speed_text(double bytes) {
  return bytes_text(bytes) + "/s";
}

std::string percentile_text(double part) {
  return percent_text(std::floor(part * 1e7) / 1e7) + " of the requests";
}

double last_second(reported_runs runs) {
  double last = 0;
  for (const auto& one : runs)
    last = std::max(
        {last, one.run.seconds_taken, one.run.seconds.empty() ? 0 : one.run.seconds.back().t});
  return last;
}

std::vector<double> values_of(const std::vector<plot_series>& series) {
  std::vector<double> all;
  for (const auto& one : series)
    for (const auto& point : one.points)
      if (std::isfinite(point.y))
        all.push_back(point.y);
  return all;
}

double highest(const std::vector<plot_series>& series) {
  const auto all = values_of(series);
  return all.empty() ? 0 : std::ranges::max(all);
}

std::vector<plot_band> outages(reported_runs runs) {
  std::vector<plot_band> bands;
  if (runs.size() == 1)
    for (const auto& one : runs.front().run.outages | std::views::take(100))
      bands.push_back({one.from, one.to.value_or(last_second(runs)), "outage: " + one.code});
  return bands;
}

/// A plot over time, from zero on.
plot timed(reported_runs runs, std::string title, std::string note, axis::label text,
           std::vector<plot_series> series) {
  auto y = axis::linear(highest(series), text);
  return {std::move(title),  std::move(note), axis::time(last_second(runs)),
          std::move(y),      time_text,       text,
          std::move(series), outages(runs)};
}

plot timed_latency(reported_runs runs, std::string title, std::vector<plot_series> series) {
  auto y = axis::logarithmic(values_of(series), latency_text);
  return {std::move(title),
          "over time, logarithmic",
          axis::time(last_second(runs)),
          std::move(y),
          time_text,
          latency_text,
          std::move(series),
          outages(runs)};
}

/// The same value over time of each run.
template <class Value>
std::vector<plot_series> of_each(reported_runs runs, Value value) {
  std::vector<plot_series> all;
  for (const auto& one : runs)
    all.push_back({one.label, one.colour, form::line, over_time(one, value)});
  return all;
}

double sum_of_buckets(const recorded_latency& from) {
  double sum = 0;
  for (const auto& [upper, count] : from.buckets)
    sum += count;
  return sum;
}

/// How much of the requests lies around each latency, in equal steps of its logarithm.
points distribution(const recorded_latency& from) {
  constexpr double steps_a_decade = 16;
  std::map<int, double> counts;
  for (const auto& [upper, count] : from.buckets)
    if (upper > 0 && count > 0)
      counts[static_cast<int>(std::floor(std::log10(upper) * steps_a_decade))] += count;
  points all;
  if (counts.empty())
    return all;
  const double whole = sum_of_buckets(from);
  for (int at = counts.begin()->first - 1; at <= counts.rbegin()->first + 1; ++at) {
    const auto found = counts.find(at);
    all.push_back({std::pow(10, (at + 0.5) / steps_a_decade),
                   found == counts.end() ? 0 : found->second / whole});
  }
  return all;
}

/// Within which latency each part of the requests was answered, towards the slowest.
points curve(const recorded_latency& from) {
  constexpr double steps_a_nine = 40;
  const double whole = sum_of_buckets(from);
  points all;
  double below = 0;
  auto bucket = from.buckets.begin();
  for (double step = 0; whole > 0; ++step) {
    const double part = 1 - std::pow(10, -step / steps_a_nine);
    while (bucket != from.buckets.end() && below + bucket->second <= part * whole)
      below += (bucket++)->second;
    if (bucket == from.buckets.end())
      break;
    all.push_back({part, bucket->first});
    if ((1 - part) * whole <= 1)
      break;
  }
  return all;
}

/// Each operation's latencies of a single run, or all latencies of each of several.
std::vector<plot_series> latency_series(reported_runs runs, form shape,
                                        points (*of)(const recorded_latency&)) {
  std::vector<plot_series> all;
  if (runs.size() > 1) {
    for (const auto& one : runs)
      all.push_back({one.label, one.colour, shape, of(one.run.latency.at("all"))});
    return all;
  }
  const auto& latency = runs.front().run.latency;
  for (const auto& [operation, one] : latency)
    if (operation != "all" && all.size() < most_colours)
      all.push_back({operation, colour(all.size()), shape, of(one)});
  if (all.empty())
    all.push_back({"all", colour(0), shape, of(latency.at("all"))});
  return all;
}

plot distribution_plot(reported_runs runs) {
  auto series = latency_series(runs, form::steps, distribution);
  std::vector<double> latencies;
  for (const auto& one : series)
    for (const auto& point : one.points)
      latencies.push_back(point.x);
  auto y = axis::linear(highest(series), percent_text);
  return {"Latency distribution",
          "part of the requests around each latency",
          axis::logarithmic(latencies, latency_text),
          std::move(y),
          latency_text,
          share_text,
          std::move(series)};
}

plot curve_plot(reported_runs runs) {
  auto series = latency_series(runs, form::line, curve);
  double most = 0;
  for (const auto& one : series)
    if (!one.points.empty())
      most = std::max(most, one.points.back().x);
  auto y = axis::logarithmic(values_of(series), latency_text);
  return {"Latency by percentile", "percent of the requests that were answered by then",
          axis::percentiles(most), std::move(y),
          percentile_text,         latency_text,
          std::move(series)};
}

/// The codes with the most errors each, all others as one.
std::vector<plot_series> errors_by_code(const reported_run& reported) {
  std::vector<std::pair<double, std::string>> codes;
  for (const auto& second : reported.seconds)
    for (const auto& [code, count] : second.errors)
      if (std::ranges::find(codes, code, &std::pair<double, std::string>::second) == codes.end())
        codes.emplace_back(reported.run.errors.contains(code) ? reported.run.errors.at(code) : 0,
                           code);
  std::ranges::sort(codes, std::greater{});
  if (codes.size() > most_colours - 2)
    codes.resize(most_colours - 2);
  std::vector<plot_series> all;
  const auto count_in = [](const recorded_second& at, const std::string& code) {
    const auto found = at.errors.find(code);
    return found == at.errors.end() ? 0 : found->second;
  };
  for (const auto& [total, code] : codes)
    all.push_back({code, colour(all.size()), form::area,
                   over_time(reported, [&](const auto& at) { return count_in(at, code); })});
  auto others = over_time(reported, [&](const recorded_second& at) {
    double rest = sum(at.errors);
    for (const auto& [total, code] : codes)
      rest -= count_in(at, code);
    return std::max(rest, 0.);
  });
  if (std::ranges::any_of(others, [](const auto& point) { return point.y > 0; }))
    all.push_back({"other codes", colour(most_colours - 2), form::area, std::move(others)});
  if (reported.run.wrong > 0)
    all.push_back({"wrong answers", colour(most_colours - 1), form::area,
                   over_time(reported, [](const auto& at) { return at.wrong; })});
  return all;
}

std::string grid(const std::string& name, const std::vector<plot>& plots) {
  std::string html;
  for (std::size_t at = 0; at < plots.size(); ++at)
    html += plots[at].html(name + std::to_string(at));
  return html.empty() ? "" : "<div class=\"plots\">" + html + "</div>\n";
}

} // namespace

std::string latency_plots(reported_runs runs) {
  std::vector<plot> plots;
  if (runs.size() == 1) {
    std::vector<plot_series> series;
    for (const auto& one : percentiles)
      series.push_back({one.name, one.colour, form::line, latencies(runs.front(), one.of)});
    plots.push_back(timed_latency(runs, "Latency", std::move(series)));
    plots.back().wide = true;
  } else {
    for (const auto& which : percentiles) {
      std::vector<plot_series> series;
      for (const auto& one : runs)
        series.push_back({one.label, one.colour, form::line, latencies(one, which.of)});
      plots.push_back(timed_latency(runs, std::string{"Latency: "} + which.name, series));
    }
    std::ranges::reverse(plots);
  }
  plots.push_back(curve_plot(runs));
  plots.push_back(distribution_plot(runs));
  return grid("latency", plots);
}

std::string throughput_plots(reported_runs runs) {
  const auto ok = [](const recorded_second& at) {
    return at.ok;
  };
  std::vector<plot_series> rates, errors;
  if (runs.size() == 1) {
    const auto& run = runs.front();
    rates = {{"answered", "s0", form::area, over_time(run, ok)},
             {"due", "due", form::dashed,
              over_time(run, [](const recorded_second& at) { return at.due; })}};
    errors = errors_by_code(run);
  } else {
    rates = of_each(runs, ok);
    errors = of_each(runs, [](const recorded_second& at) { return sum(at.errors) + at.wrong; });
  }
  std::vector<plot> plots{timed(runs, "Throughput", "requests a second, answered without an error",
                                rate_text, std::move(rates))};
  const bool one_run = runs.size() == 1;
  if (highest(errors) > 0)
    plots.push_back(timed(runs, one_run ? "Errors" : "Errors and wrong answers", "a second",
                          rate_text, std::move(errors)));
  if (one_run)
    plots.push_back(timed(
        runs, "Traffic", "bytes a second", speed_text,
        {{"sent", "s0", form::line,
          over_time(runs.front(), [](const recorded_second& at) { return at.bytes_sent; })},
         {"received", "s1", form::line,
          over_time(runs.front(), [](const recorded_second& at) { return at.bytes_received; })}}));
  return grid("rate", plots);
}

std::string cost_plots(reported_runs runs) {
  const auto service = [](const recorded_second& at) {
    return at.service_cpu.value_or(gap);
  };
  const auto harness = [](const recorded_second& at) {
    return at.harness_cpu;
  };
  const auto memory = [](const recorded_second& at) {
    return at.service_rss.value_or(gap);
  };
  std::vector<plot> plots;
  if (runs.size() == 1) {
    const auto& run = runs.front();
    plots.push_back(timed(runs, "CPU", "cores", cores_text,
                          {{"service", "s0", form::line, over_time(run, service)},
                           {"harness", "s1", form::line, over_time(run, harness)}}));
    plots.push_back(timed(runs, "Memory", "resident", bytes_text,
                          {{"service", "s0", form::line, over_time(run, memory)}}));
  } else {
    plots.push_back(timed(runs, "The service's CPU", "cores", cores_text, of_each(runs, service)));
    plots.push_back(timed(runs, "The harness' CPU", "cores", cores_text, of_each(runs, harness)));
    plots.push_back(
        timed(runs, "The service's memory", "resident", bytes_text, of_each(runs, memory)));
  }
  return grid("cost", plots);
}

std::string probe_plots(reported_runs runs) {
  std::vector<plot> plots;
  for (const auto& one : runs) {
    if (!one.run.goal || one.run.goal->probes.empty())
      continue;
    plot_series kept{"goal kept", "good", form::dots}, missed{"goal missed", "bad", form::dots};
    double fastest = 0;
    for (const auto& probe : one.run.goal->probes) {
      (probe.met ? kept : missed).points.push_back({probe.rate, probe.latency});
      fastest = std::max(fastest, probe.rate);
    }
    std::vector<plot_series> series{std::move(kept), std::move(missed)};
    for (auto& each : series)
      std::ranges::sort(each.points, {}, &plot_series::point::x);
    auto y = axis::logarithmic(values_of(series), latency_text);
    plots.push_back({titled(one, runs.size() == 1, "Rates tried for " + one.run.goal->goal),
                     "latency at each rate, logarithmic", axis::linear(fastest, rate_text),
                     std::move(y), rate_text, latency_text, std::move(series)});
  }
  return grid("goal", plots);
}

} // namespace deja::app::load
