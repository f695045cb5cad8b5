#pragma once

#include <deja/app/load/worker.hpp>

#include <functional>

namespace deja::app::load {

/// What a run may be told from outside while it goes on.
struct run_hooks {
  const std::atomic<bool>& is_stopped;
  history_file* history = nullptr;
};

/// Puts the population's keys, by as many connections as the run has; `many` says whether the
/// service takes many in one call. Calls `on_progress` with how many are there, some times a
/// second. An error where one could not be put.
result<void> fill(const settings& how, shared_state& shared, const stream_factory& streams,
                  const run_hooks& hooks, bool many,
                  const std::function<void(std::uint64_t)>& on_progress);

/// The threads of a run. Each plan is carried out by the same threads and connections, and counted
/// by the same collector.
class engine {
public:
  engine(const settings& how, shared_state& shared, const stream_factory& streams, collector& seen,
         const run_hooks& hooks);

  /// Connects where it isn't connected, then carries the plan out. `watch` is called in this thread
  /// again and again until all threads are done; it waits by itself.
  void run(const rate_plan& plan, const std::function<void()>& watch);

private:
  collector& seen_;
  bool is_started_ = false;
  std::deque<worker> workers_;
};

} // namespace deja::app::load
