#include <deja/app/load/json_node.hpp>
#include <deja/app/load/recorded_run.hpp>

#include <rapidjson/error/en.h>

#include <algorithm>

namespace deja::app::load {

namespace {

double number(const json_node& from) {
  return from.number(largest_recorded_number);
}

std::optional<double> number_or_null(const json_node& from) {
  if (from.is_null())
    return {};
  return number(from);
}

std::optional<std::string> text_or_null(const json_node& from) {
  if (from.is_null())
    return {};
  return from.text();
}

named_numbers numbers(const json_node& from) {
  named_numbers all;
  from.each_member(
      [&](std::string name, const json_node& value) { all[std::move(name)] = number(value); });
  return all;
}

/// The elements, each as `read` reads it.
template <class Read>
auto list(const json_node& from, Read read) {
  std::vector<decltype(read(from))> all;
  from.each_element([&](const json_node& element) { all.push_back(read(element)); });
  return all;
}

std::vector<std::pair<double, double>> read_buckets(const json_node& from) {
  std::vector<std::pair<double, double>> all;
  from.each_element([&](const json_node& element) {
    std::vector<double> pair = list(element, number);
    if (pair.size() != 2)
      return element.refuse("an upper bound and a count are wanted");
    if (!all.empty() && pair[0] <= all.back().first)
      return element.refuse("the upper bounds do not ascend");
    all.emplace_back(pair[0], pair[1]);
  });
  return all;
}

recorded_latency read_latency(const json_node& from) {
  return {.count = number(from["count"]),
          .min = number(from["min"]),
          .mean = number(from["mean"]),
          .max = number(from["max"]),
          .p50 = number(from["p50"]),
          .p75 = number(from["p75"]),
          .p90 = number(from["p90"]),
          .p99 = number(from["p99"]),
          .p99_9 = number(from["p99_9"]),
          .p99_99 = number(from["p99_99"]),
          .buckets = read_buckets(from["buckets"])};
}

recorded_second read_second(const json_node& from) {
  return {.t = number(from["t"]),
          .due = number(from["due"]),
          .requests = number(from["requests"]),
          .ok = number(from["ok"]),
          .wrong = number(from["wrong"]),
          .errors = numbers(from["errors"]),
          .p50 = number(from["p50"]),
          .p90 = number(from["p90"]),
          .p99 = number(from["p99"]),
          .p99_9 = number(from["p99_9"]),
          .max = number(from["max"]),
          .bytes_sent = number(from["bytes_sent"]),
          .bytes_received = number(from["bytes_received"]),
          .harness_cpu = number(from["harness_cpu"]),
          .service_cpu = number_or_null(from["service_cpu"]),
          .service_rss = number_or_null(from["service_rss"])};
}

std::vector<recorded_second> read_seconds(const json_node& from) {
  std::vector<recorded_second> all;
  from.each_element([&](const json_node& element) {
    auto second = read_second(element);
    if (!all.empty() && second.t <= all.back().t)
      element["t"].refuse("is not later than the second before it");
    all.push_back(std::move(second));
  });
  return all;
}

recorded_phase read_phase(const json_node& from) {
  return {.from = number(from["from_s"]),
          .to = number(from["to_s"]),
          .achieved = number(from["achieved"]),
          .rate = number_or_null(from["rate"])};
}

recorded_outage read_outage(const json_node& from) {
  return {.from = number(from["from_s"]),
          .to = number_or_null(from["to_s"]),
          .code = from["code"].text(),
          .requests = number(from["requests"])};
}

std::optional<recorded_goal> read_goal(const json_node& from) {
  if (from.is_null())
    return {};
  return recorded_goal{from["goal"].text(), number_or_null(from["limit_rate"]),
                       list(from["probes"], [](const json_node& probe) {
                         return recorded_probe{number(probe["rate"]), number(probe["latency"]),
                                               probe["met"].truth()};
                       })};
}

void read_settings(const json_node& from, recorded_run& run) {
  run.mix = numbers(from["mix"]);
  run.connections = number(from["connections"]);
  run.loop = from["loop"].text();
  run.arrivals = text_or_null(from["arrivals"]);
  run.planned_seconds = number(from["duration_s"]);
  run.keys = number(from["keys"]);
  run.key_distribution = from["key_distribution"].text();
  run.value_size = from["value_size"].text();
  run.batch = number(from["batch"]);
  run.encoding = from["encoding"].text();
}

void read_totals(const json_node& from, recorded_run& run) {
  run.seconds_taken = number(from["duration_s"]);
  run.due = number(from["due"]);
  run.requests = number(from["requests"]);
  run.ok = number(from["ok"]);
  run.rate = number(from["rate"]);
  run.bytes_sent = number(from["bytes_sent"]);
  run.bytes_received = number(from["bytes_received"]);
  run.errors = numbers(from["errors"]);
  run.wrong = number(from["wrong"]);
}

/// Which schema it is, before anything of it is read.
void check_version(const json_node& root) {
  const auto version = root["deja_load"];
  if (const auto found = number(version); found != recorded_run_version)
    version.refuse("version " + std::to_string(recorded_run_version) +
                   " is wanted; this document is of another");
}

recorded_run read_members(const json_node& root) {
  recorded_run run;
  run.name = root["name"].text();
  run.started = root["started"].text();
  run.target = root["target"].text();
  run.seed = root["seed"].whole();
  run.interrupted = root["interrupted"].truth();
  run.service = text_or_null(root["service"]["name"]);
  run.extension = root["service"]["extension"].truth();
  run.service_pid = number_or_null(root["service"]["local_pid"]);
  run.cpu = root["machine"]["cpu"].text();
  run.cores = number(root["machine"]["cores"]);
  run.kernel = root["machine"]["kernel"].text();
  run.deja = root["machine"]["deja"].text();
  read_settings(root["settings"], run);
  run.phases = list(root["phases"], read_phase);
  read_totals(root["totals"], run);
  root["latency"].each_member([&](std::string name, const json_node& value) {
    run.latency[std::move(name)] = read_latency(value);
  });
  if (!run.latency.contains("all"))
    root["latency"].refuse("the member \"all\" is missing");
  run.seconds = read_seconds(root["seconds"]);
  run.harness_cpu = number(root["cpu"]["harness"]);
  run.service_cpu = number_or_null(root["cpu"]["service"]);
  run.service_rss = number_or_null(root["service_rss"]);
  run.outages = list(root["outages"], read_outage);
  run.violations = list(root["violations"], [](const json_node& one) {
    return recorded_violation{number(one["t"]), one["what"].text()};
  });
  run.warnings = list(root["warnings"], [](const json_node& one) { return one.text(); });
  run.goal = read_goal(root["goal"]);
  return run;
}

recorded_second summed(std::vector<recorded_second>::const_iterator begin,
                       std::vector<recorded_second>::const_iterator end) {
  auto sum = *begin;
  for (auto at = begin + 1; at != end; ++at) {
    sum.t = at->t;
    sum.due += at->due;
    sum.requests += at->requests;
    sum.ok += at->ok;
    sum.wrong += at->wrong;
    for (const auto& [code, count] : at->errors)
      sum.errors[code] += count;
    sum.p50 = std::max(sum.p50, at->p50);
    sum.p90 = std::max(sum.p90, at->p90);
    sum.p99 = std::max(sum.p99, at->p99);
    sum.p99_9 = std::max(sum.p99_9, at->p99_9);
    sum.max = std::max(sum.max, at->max);
    sum.bytes_sent += at->bytes_sent;
    sum.bytes_received += at->bytes_received;
    sum.harness_cpu += at->harness_cpu;
    if (at->service_cpu)
      sum.service_cpu = sum.service_cpu.value_or(0) + *at->service_cpu;
    sum.service_rss = std::max(sum.service_rss, at->service_rss);
  }
  return sum;
}

/// The sum of so many records, over so many seconds, as one second.
recorded_second averaged(recorded_second sum, double records, double seconds) {
  for (double* one :
       {&sum.due, &sum.requests, &sum.ok, &sum.wrong, &sum.bytes_sent, &sum.bytes_received})
    *one /= seconds;
  for (auto& [code, errors] : sum.errors)
    errors /= seconds;
  sum.harness_cpu /= records;
  if (sum.service_cpu)
    *sum.service_cpu /= records;
  return sum;
}

} // namespace

double sum(const named_numbers& all) {
  double total = 0;
  for (const auto& [name, number] : all)
    total += number;
  return total;
}

result<recorded_run> read_run(std::string_view document) {
  rapidjson::Document json;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag |
                             rapidjson::kParseValidateEncodingFlag |
                             rapidjson::kParseFullPrecisionFlag;
  if (json.Parse<flags>(document.data(), document.size()).HasParseError())
    return error{errc::invalid_argument, "no JSON at byte " +
                                             std::to_string(json.GetErrorOffset()) + ": " +
                                             rapidjson::GetParseError_En(json.GetParseError())};
  std::optional<std::string> wrong;
  const json_node root{json, wrong};
  check_version(root);
  if (wrong)
    return error{errc::invalid_argument, *wrong};
  auto run = read_members(root);
  if (wrong)
    return error{errc::invalid_argument, *wrong};
  return run;
}

std::vector<recorded_second> rates_of(const std::vector<recorded_second>& seconds,
                                      std::size_t most) {
  const auto size = std::max<std::size_t>(1, (seconds.size() + most - 1) / most);
  std::vector<recorded_second> groups;
  double begin = 0;
  for (std::size_t at = 0; at < seconds.size(); at += size) {
    const auto count = std::min(size, seconds.size() - at);
    const auto first = seconds.begin() + static_cast<std::ptrdiff_t>(at);
    auto sum = summed(first, first + static_cast<std::ptrdiff_t>(count));
    const double length = sum.t > begin ? sum.t - begin : 1;
    begin = sum.t;
    groups.push_back(averaged(std::move(sum), static_cast<double>(count), length));
  }
  return groups;
}

} // namespace deja::app::load
