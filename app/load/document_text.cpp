#include <deja/app/load/document.hpp>

#include <deja/app/plain_text.hpp>

#include <cstdio>

namespace deja::app::load {

namespace {

template <class... T>
std::string print(const char* format, T... values) {
  std::array<char, 512> text;
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string time_text(std::uint64_t nanoseconds) {
  const auto time = static_cast<double>(nanoseconds);
  if (time < 1e6)
    return print("%.0f us", time / 1e3);
  return time < 1e9 ? print("%.2f ms", time / 1e6) : print("%.2f s", time / 1e9);
}

std::string bytes_text(std::uint64_t bytes) {
  const auto size = static_cast<double>(bytes);
  return size < 1e6 ? print("%.1f kB", size / 1e3) : print("%.1f MB", size / 1e6);
}

std::string row(const char* name, const std::string& text) {
  return print("%-12s ", name) + text + '\n';
}

std::string latency_row(std::string_view name, const histogram& of) {
  return print("%-12.*s %10llu %10s %10s %10s %10s %10s\n", static_cast<int>(name.size()),
               name.data(), static_cast<unsigned long long>(of.count()),
               time_text(of.quantile(0.5)).c_str(), time_text(of.quantile(0.9)).c_str(),
               time_text(of.quantile(0.99)).c_str(), time_text(of.quantile(0.999)).c_str(),
               time_text(of.max()).c_str());
}

std::string errors_text(const error_counts& errors) {
  std::string all;
  for (std::size_t at = 0; at < errors.size(); ++at)
    if (errors[at] > 0)
      all += (all.empty() ? "" : ", ") + std::to_string(errors[at]) + ' ' +
             std::string{to_string(errc{static_cast<std::uint8_t>(at)})};
  return all.empty() ? "none" : all;
}

std::string how_text(const run_document& run) {
  auto all = run.how.mix_text + print(", %u connections", run.how.connections);
  if (run.how.batch > 1)
    all += print(", %u keys a request", run.how.batch);
  if (run.phases.empty() || run.phases.back().rate == 0)
    return all + ", closed loop";
  return all + (run.how.arrival == arrival_kind::poisson ? ", open loop, Poisson arrivals"
                                                         : ", open loop, even arrivals");
}

std::string cpu_text(const run_document& run) {
  double cpu = 0, start = 0;
  std::optional<std::uint64_t> resident;
  for (const auto& one : run.seen.seconds) {
    cpu += one.harness_cpu * (one.end - start);
    start = one.end;
    if (one.service_rss)
      resident = one.service_rss;
  }
  auto all = print("harness %.2f cores", cpu / run.seen.duration);
  if (run.service_cpu)
    all += print(", service %.2f cores", *run.service_cpu);
  if (resident)
    all += " and " + bytes_text(*resident);
  return all;
}

std::string goal_text(const goal_result& found, const latency_goal& goal) {
  std::string all = '\n' + print("%-12s %10s %10s %10s\n", "goal", "rate", "achieved", "latency");
  for (const auto& one : found.probes)
    all += print("%-12s %10.0f %10.0f %10s\n", one.is_met ? "met" : "not met", one.rate,
                 one.achieved, time_text(one.latency).c_str());
  return all + (found.limit_rate ? print("%s is kept up to %.0f requests a second\n",
                                         goal.text.c_str(), *found.limit_rate)
                                 : print("%s is kept at none of these rates\n", goal.text.c_str()));
}

} // namespace

std::string to_text(const run_document& run) {
  const auto& seen = run.seen;
  std::string all =
      row("target", run.how.target + (run.has_extension ? " (deja.v1)" : "") +
                        (run.service_pid ? print(", process %d", *run.service_pid) : ""));
  all += row("load", how_text(run) + print(", %.1f s", seen.duration) +
                         (run.is_interrupted ? ", interrupted" : ""));
  all += row("requests", print("%llu, %.1f a second; %llu due, %llu right, %llu wrong",
                               static_cast<unsigned long long>(seen.all.requests),
                               static_cast<double>(seen.all.made()) / seen.duration,
                               static_cast<unsigned long long>(seen.all.due),
                               static_cast<unsigned long long>(seen.all.ok),
                               static_cast<unsigned long long>(seen.all.wrong)));
  all += row("errors", errors_text(seen.all.errors));
  all += row("bytes", bytes_text(seen.all.bytes_sent) + " sent, " +
                          bytes_text(seen.all.bytes_received) + " received");
  all += row("cpu", cpu_text(run));
  if (run.phases.size() > 1 && !run.goal) {
    all += '\n' + print("%-12s %10s %10s\n", "phase", "due/s", "achieved");
    for (const auto& one : run.phases)
      all += print("%5.1f-%.1f s %10.0f %10.0f\n", one.from, one.to, (one.rate + one.rate_to) / 2,
                   one.achieved);
  }
  all += '\n' + print("%-12s %10s %10s %10s %10s %10s %10s\n", "latency", "count", "p50", "p90",
                      "p99", "p99.9", "max");
  std::size_t kinds = 0;
  for (std::size_t at = 0; at < operation_count; ++at)
    if (seen.latency[at]) {
      all += latency_row(to_string(operation{static_cast<std::uint8_t>(at)}), *seen.latency[at]);
      ++kinds;
    }
  if (kinds != 1)
    all += latency_row("all", seen.all_latencies());
  if (run.goal && run.how.goal)
    all += goal_text(*run.goal, *run.how.goal);
  for (const auto& one : seen.violations)
    all += print("wrong after %.3f s: ", one.at) + printable(one.what) + '\n';
  return all;
}

} // namespace deja::app::load
