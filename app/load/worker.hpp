#pragma once

#include <deja/app/load/collector.hpp>
#include <deja/app/load/connection.hpp>
#include <deja/app/load/history.hpp>
#include <deja/app/load/workload.hpp>

#include <deque>
#include <vector>

namespace deja::app::load {

/// What the threads of a run need of each other.
struct run_context {
  const settings& how;
  shared_state& shared;
  const stream_factory& streams;
  collector& seen;
  history_file* history = nullptr;     ///< Null: it isn't written.
  const std::atomic<bool>& is_stopped; ///< Set from outside: the run is over.
};

/// One thread of a load: its share of the connections, on an event loop of its own. It sends
/// requests when they are due, or when the last one was answered, and tells the collector what came
/// of them. Memory is bounded by the connections: which requests are due is arithmetic.
class worker {
public:
  worker(const run_context& context, unsigned thread, unsigned connections);

  /// Connects, as far as that is possible within `patience`.
  void connect(std::chrono::nanoseconds patience);

  /// Works from `start` until all of the plan's requests are answered or have failed.
  void run(const rate_plan& plan, steady::time_point start);

private:
  using time_point = steady::time_point;

  void poll(time_point until);
  void on_event(connection& at, std::uint32_t events);
  void on_connected(connection& at);
  void read(connection& at);
  void on_answer(connection& at);
  void write(connection& at);
  void watch(connection& at, bool writable);

  void start_requests();
  bool start_next(connection& at, time_point due);
  void start_errands();
  void send_call(connection& at);
  void note(connection& at, bool is_known);
  void open(connection& at);

  void fail(connection& at, errc code, const std::string& why);
  void fail_unsent(errc code, const char* why, time_point due);
  void finish(connection& at, const verdict& how);
  void close(connection& at);
  void lay_free(connection& at);

  void look_after_connections();
  void hand_over(bool at_end);
  bool is_finished() const;

  double run_time(time_point at) const {
    return std::chrono::duration<double>(at - start_).count();
  }

  run_context context_;
  unsigned thread_;
  workload work_;
  file_descriptor epoll_;
  std::deque<connection> connections_;
  connection* helper_ = nullptr; ///< The one for errands, where there may be any.
  std::deque<connection*> free_;
  time_point free_since_{}; // when it was empty last

  const rate_plan* plan_ = nullptr;
  std::optional<arrivals> due_, counted_;
  time_point start_{}, end_{}, now_{}, next_look_{};
  std::optional<time_point> stopped_;
  bool is_exhausted_ = false; ///< No request is left to begin.
  unsigned busy_ = 0, down_ = 0;

  interval_stats seen_;
  std::uint64_t interval_ = 0;
  double cpu_ = 0;
};

} // namespace deja::app::load
