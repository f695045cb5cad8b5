#include <deja/app/load/collector.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace deja::app::load {

namespace {

constexpr double most_intervals = 3600;

} // namespace

void interval_stats::clear() {
  all = {};
  cpu = 0;
  for (auto& one : latency)
    if (one && one->count() > 0)
      one->clear();
}

collector::collector(unsigned threads, double length) : reached_(threads) {
  result_.interval = std::max(1.0, std::ceil(length / most_intervals));
}

steady::time_point collector::end_of(std::uint64_t interval) const {
  return start_ + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(
                      static_cast<double>(interval + 1) * result_.interval));
}

collector::slot& collector::slot_of(std::uint64_t interval) {
  while (first_open_ + open_.size() <= interval)
    open_.push_back(std::make_unique<slot>(reached_.size()));
  return *open_[interval - first_open_];
}

double collector::ended() const {
  const std::lock_guard lock{mutex_};
  return since_start(ended_);
}

void collector::add(unsigned thread, std::uint64_t interval, interval_stats& seen, bool is_over,
                    steady::time_point now) {
  {
    const std::lock_guard lock{mutex_};
    ended_ = std::max(ended_, now);
    auto& to = slot_of(interval);
    to.all.add(seen.all);
    part_.all.add(seen.all);
    to.cpu[thread] += seen.cpu;
    for (std::size_t at = 0; at < operation_count; ++at)
      if (const auto& one = seen.latency[at]; one && one->count() > 0) {
        to.latency.merge(*one);
        part_.latency.merge(*one);
        auto& total = result_.latency[at];
        if (!total)
          total = std::make_unique<histogram>();
        total->merge(*one);
      }
    if (is_over)
      reached_[thread] = interval + 1;
    const auto all_reached = *std::min_element(reached_.begin(), reached_.end());
    while (first_open_ < all_reached)
      close_first(static_cast<double>(first_open_ + 1) * result_.interval);
  }
  more_.notify_all();
  seen.clear();
}

void collector::close_first(double end) {
  const auto& from = slot_of(first_open_);
  const auto length = end - static_cast<double>(first_open_) * result_.interval;
  result_.seconds.push_back(
      {.end = end,
       .all = from.all,
       .latency = quantiles_of(from.latency),
       .harness_cpu = std::reduce(from.cpu.begin(), from.cpu.end()) / length});
  // A short rest at the end says little.
  if (length >= result_.interval / 2 || result_.seconds.size() == 1)
    result_.busiest_thread = std::max(result_.busiest_thread, std::ranges::max(from.cpu) / length);
  result_.all.add(from.all);
  open_.pop_front();
  ++first_open_;
}

void collector::add_violation(steady::time_point now, std::string what) {
  const std::lock_guard lock{mutex_};
  if (result_.violations.size() < most_violations)
    result_.violations.push_back({since_start(now), std::move(what)});
}

void collector::add_unreached(steady::time_point now, errc code, std::uint64_t requests) {
  const std::lock_guard lock{mutex_};
  auto& all = result_.outages;
  if (!is_away_ && all.size() < most_outages) {
    // Before the start it was away at the start.
    all.push_back({std::max(since_start(now), 0.0), std::nullopt, code, 0});
    is_away_ = true;
  }
  if (!all.empty())
    all.back().requests += requests;
}

void collector::end_outage(steady::time_point now) {
  const std::lock_guard lock{mutex_};
  if (is_away_.exchange(false))
    result_.outages.back().to = since_start(now);
}

void collector::add_text(errc code, const std::string& text) {
  const std::lock_guard lock{mutex_};
  auto& first = result_.first_texts[static_cast<std::size_t>(code)];
  if (first.empty())
    first = text;
}

std::optional<second> collector::wait_for_second(std::size_t number, steady::time_point end) {
  std::unique_lock lock{mutex_};
  more_.wait_until(lock, end, [&] { return result_.seconds.size() > number; });
  if (result_.seconds.size() <= number)
    return std::nullopt;
  return result_.seconds[number];
}

void collector::set_service(std::size_t number, std::optional<double> cpu,
                            std::optional<std::uint64_t> rss) {
  const std::lock_guard lock{mutex_};
  result_.seconds[number].service_cpu = cpu;
  result_.seconds[number].service_rss = rss;
}

collector::part collector::take_part() {
  const std::lock_guard lock{mutex_};
  return std::exchange(part_, {});
}

run_result collector::finish() {
  const std::lock_guard lock{mutex_};
  result_.duration = std::max(since_start(ended_), 1e-3);
  while (!open_.empty()) {
    const auto start = static_cast<double>(first_open_) * result_.interval;
    const auto end = std::clamp(result_.duration, start + 1e-3, start + result_.interval);
    close_first(end);
  }
  return std::move(result_);
}

} // namespace deja::app::load
