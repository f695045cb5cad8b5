#pragma once

#include <deja/actors/reply.hpp>
#include <deja/actors/worker_pool_config.hpp>

#include <caf/actor_clock.hpp>
#include <caf/send.hpp>

#include <deque>
#include <functional>

namespace deja {

/// What a dispatching actor does with requests that its workers answer, actors that block and so
/// have threads of their own: one request a worker at a time, the others wait in order. For the
/// dispatcher's thread only. A worker that ends is replaced; its request gets the error.
template <class Dispatcher, class Worker>
class worker_pool {
public:
  worker_pool(Dispatcher* self, worker_pool_config config, std::function<Worker()> spawn)
      : self_(self), config_(config), spawn_(std::move(spawn)) {}

  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  /// The workers end with their pool, each behind the request it is at.
  ~worker_pool() {
    for (const auto& worker : workers_)
      caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
  }

  /// Has a worker answer the request `what...`. Where its turn only comes after `time` (zero: no
  /// limit), it is deadline_exceeded.
  template <class T, class... Ts>
  void run(const reply<T>& answer, duration time, Ts... what) {
    if (idle_.empty() && workers_.size() < config_.workers) {
      workers_.push_back(spawn_());
      idle_.push_back(workers_.back());
    }
    job next{deadline_in(time), [answer](const error& why) { answer(why); },
             [this, answer, what...](const Worker& worker) {
               self_->request(worker, caf::infinite, what...)
                   .then(
                       [this, answer, worker](T& value) {
                         answer(std::move(value));
                         take_back(worker);
                       },
                       [this, answer, worker](const caf::error& why) {
                         answer(from_caf(why));
                         if (why == caf::sec::request_receiver_down)
                           std::erase(workers_, worker);
                         else
                           take_back(worker);
                       });
             }};
    if (!idle_.empty())
      start(next);
    else if (waiting_.size() < config_.waiting)
      waiting_.push_back(std::move(next));
    else
      answer(error{errc::resource_exhausted,
                   "all " + std::to_string(config_.workers) + " workers are busy and " +
                       std::to_string(config_.waiting) + " requests wait for them already"});
  }

private:
  using time_point = caf::actor_clock::time_point;

  struct job {
    time_point deadline;
    std::function<void(const error&)> fail;
    std::function<void(const Worker&)> begin;
  };

  time_point deadline_in(duration time) const {
    return time > duration::zero() ? self_->clock().now() + time : time_point::max();
  }

  void start(const job& next) {
    const auto worker = idle_.back();
    idle_.pop_back();
    next.begin(worker);
  }

  void take_back(const Worker& worker) {
    idle_.push_back(worker);
    while (!idle_.empty() && !waiting_.empty()) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      if (self_->clock().now() < next.deadline)
        start(next);
      else
        next.fail({errc::deadline_exceeded, "all workers were busy until the time was up"});
    }
  }

  Dispatcher* self_;
  worker_pool_config config_;
  std::function<Worker()> spawn_;
  std::vector<Worker> workers_;
  std::vector<Worker> idle_;
  std::deque<job> waiting_;
};

/// A blocking call's outcome as a handler returns it. An exception becomes `internal`.
template <class Call>
auto answer_of(Call call) -> caf::result<typename std::invoke_result_t<Call>::value_type> {
  try {
    auto outcome = call();
    if (outcome)
      return std::move(*outcome);
    return to_caf(outcome.error());
  } catch (const std::exception& problem) {
    return to_caf({errc::internal, problem.what()});
  }
}

} // namespace deja
