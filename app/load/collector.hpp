#pragma once

#include <deja/app/load/run_result.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace deja::app::load {

using steady = std::chrono::steady_clock;

/// What one thread has seen of one interval.
struct interval_stats {
  counts all;
  std::array<std::unique_ptr<histogram>, operation_count> latency;
  double cpu = 0; ///< Seconds of the thread's.

  histogram& of(operation what) {
    auto& one = latency[static_cast<std::size_t>(what)];
    if (!one)
      one = std::make_unique<histogram>();
    return *one;
  }

  void clear();
};

/// Puts together what the threads of a run see. Safe for many threads.
class collector {
public:
  /// A run of `length` seconds is kept in 3,600 intervals at most, of whole seconds.
  collector(unsigned threads, double length);

  /// The clock starts; before anything else is told.
  void start(steady::time_point now) { start_ = now; }

  double interval() const { return result_.interval; }

  double since_start(steady::time_point now) const {
    return std::chrono::duration<double>(now - start_).count();
  }

  steady::time_point end_of(std::uint64_t interval) const;

  /// Adds what a thread has seen of an interval until now, and clears it. With `is_over` the thread
  /// will add nothing more to it; when no thread will, it becomes one of the result's seconds.
  void add(unsigned thread, std::uint64_t interval, interval_stats& seen, bool is_over,
           steady::time_point now);

  /// When something was added last, in seconds since the start.
  double ended() const;

  void add_violation(steady::time_point now, std::string what);

  /// The service could not be reached.
  void add_unreached(steady::time_point now, errc code, std::uint64_t requests);

  /// The service has answered.
  void reached(steady::time_point now) {
    if (is_away_.load(std::memory_order_relaxed))
      end_outage(now);
  }

  /// Keeps the first text of each code.
  void add_text(errc code, const std::string& text);

  /// Waits for a further second, at most until `end`. Those that have been waited for before stay.
  std::optional<second> wait_for_second(std::size_t number, steady::time_point end);

  /// What the service used during that second.
  void set_service(std::size_t number, std::optional<double> cpu, std::optional<std::uint64_t> rss);

  /// What was seen since the last call, or the start.
  struct part {
    counts all;
    histogram latency;
  };

  part take_part();

  /// The result of all, when no thread adds any more.
  run_result finish();

private:
  struct slot {
    explicit slot(std::size_t threads) : cpu(threads) {}

    counts all;
    histogram latency;
    std::vector<double> cpu; // by thread
  };

  slot& slot_of(std::uint64_t interval);
  void close_first(double end);
  void end_outage(steady::time_point now);

  static constexpr std::size_t most_outages = 1000, most_violations = 100;

  steady::time_point start_ = steady::now();
  mutable std::mutex mutex_; // for all that follows
  steady::time_point ended_{};
  std::condition_variable more_;
  run_result result_;
  std::deque<std::unique_ptr<slot>> open_; // of the intervals from `first_open_`
  std::uint64_t first_open_ = 0;
  part part_;
  std::vector<std::uint64_t> reached_; // by each thread
  std::atomic<bool> is_away_ = false;
};

} // namespace deja::app::load
