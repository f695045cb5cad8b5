#pragma once

#include <deja/actors/reply.hpp>
#include <deja/actors/worker_pool_config.hpp>

#include <caf/actor_clock.hpp>
#include <caf/send.hpp>

#include <algorithm>
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
  void run(const reply<T>& answer, duration time, const Ts&... what) {
    const auto fail = [answer](const error& why) {
      answer(why);
    };
    ask<T>(
        deadline_in(time), [answer](T& value) { answer(std::move(value)); }, fail, fail, what...);
  }

  /// The same with functions of the answer and of what failed in its place.
  template <class T, class Then, class Fail, class... Ts>
  void run(duration time, Then then, Fail fail, const Ts&... what) {
    ask<T>(deadline_in(time), then, fail, fail, what...);
  }

  /// Has the workers answer a request for many items, `what...` and then the items, in pieces of at
  /// most `piece` items, several at a time. A piece that fails as a whole fails for each of its
  /// items; what has no turn in time is deadline_exceeded.
  template <class Out, class In, class... Ts>
  void run_many(const reply<many<result<Out>>>& answer, duration time, std::size_t piece,
                const many<In>& items, const Ts&... what) {
    const auto all = std::make_shared<gathering<Out, In>>(answer, items);
    all->piece = std::min(piece, std::max<std::size_t>(1, all->outcomes.size()));
    all->deadline = deadline_in(time);
    const auto pieces = (all->outcomes.size() + all->piece - 1) / all->piece;
    all->lanes = std::max<std::size_t>(1, std::min(config_.workers, pieces));
    for (auto lanes = all->lanes; lanes > 0; --lanes)
      next_piece(all, what...);
  }

  /// Whether a worker is at a request.
  bool busy() const { return idle_.size() < workers_.size(); }

private:
  using time_point = caf::actor_clock::time_point;

  struct job {
    time_point deadline;
    std::function<void(const error&)> refuse; ///< Where it was never begun.
    std::function<void(const Worker&)> begin;
  };

  /// A request for many items under way.
  template <class Out, class In>
  struct gathering {
    gathering(reply<many<result<Out>>> whom, const many<In>& asked)
        : answer(std::move(whom)), items(asked ? asked : many<In>{std::vector<In>{}}),
          outcomes(items->size(), error{errc::internal, "it was not answered"}) {}

    void set(std::size_t first, std::size_t last, const error& why) {
      for (; first < last; ++first)
        outcomes[first] = why;
    }

    reply<many<result<Out>>> answer;
    many<In> items;
    std::vector<result<Out>> outcomes;
    std::size_t piece = 1;
    time_point deadline{};
    std::size_t next = 0;  ///< The first item of the next piece.
    std::size_t lanes = 0; ///< How many pieces are under way at a time; each begins the next.
  };

  template <class Out, class In, class... Ts>
  void next_piece(const std::shared_ptr<gathering<Out, In>>& all, const Ts&... what) {
    const auto first = all->next;
    const auto last = std::min(first + all->piece, all->items->size());
    if (first == last) {
      if (--all->lanes == 0)
        all->answer(many<result<Out>>{std::move(all->outcomes)});
      return;
    }
    all->next = last;
    const auto at = [](auto list, std::size_t index) {
      return list + static_cast<std::ptrdiff_t>(index);
    };
    const auto piece = last - first == all->items->size()
                           ? all->items
                           : many<In>{std::vector<In>(at(all->items->begin(), first),
                                                      at(all->items->begin(), last))};
    ask<many<result<Out>>>(
        all->deadline,
        [=, this](const many<result<Out>>& done) {
          if (done->size() == last - first)
            std::copy(done->begin(), done->end(), at(all->outcomes.begin(), first));
          next_piece(all, what...);
        },
        [=, this](const error& why) {
          all->set(first, last, why);
          next_piece(all, what...);
        },
        [=, this](const error& why) {
          // The pieces behind it would fare no better.
          all->set(first, last, why);
          all->set(all->next, all->items->size(), why);
          all->next = all->items->size();
          next_piece(all, what...);
        },
        with_time_left(what, all->deadline)..., piece);
  }

  template <class T, class Then, class Fail, class Refuse, class... Ts>
  void ask(time_point deadline, Then then, Fail fail, Refuse refuse, const Ts&... what) {
    if (idle_.empty() && workers_.size() < config_.workers)
      idle_.push_back(workers_.emplace_back(spawn_()));
    job next{deadline, refuse, [=, this](const Worker& worker) {
               self_->request(worker, caf::infinite, what...)
                   .then(
                       [=, this](T& value) {
                         take_back(worker);
                         then(value);
                       },
                       [=, this](const caf::error& why) {
                         if (why == caf::sec::request_receiver_down)
                           replace(worker);
                         else
                           take_back(worker);
                         fail(from_caf(why));
                       });
             }};
    if (!idle_.empty())
      start(next);
    else if (waiting_.size() < config_.waiting)
      waiting_.push_back(std::move(next));
    else
      next.refuse({errc::resource_exhausted,
                   "all " + std::to_string(config_.workers) + " workers are busy and " +
                       std::to_string(config_.waiting) + " requests wait for them already"});
  }

  time_point deadline_in(duration time) const {
    return time > duration::zero() ? self_->clock().now() + time : time_point::max();
  }

  template <class T>
  const T& with_time_left(const T& argument, time_point) const {
    return argument;
  }

  call_context with_time_left(call_context context, time_point deadline) const {
    if (deadline != time_point::max())
      context.time_left =
          std::max<duration>(deadline - self_->clock().now(), std::chrono::milliseconds{1});
    return context;
  }

  void start(const job& next) {
    const auto worker = idle_.back();
    idle_.pop_back();
    next.begin(worker);
  }

  /// By none, where there is nothing to do.
  void replace(const Worker& worker) {
    std::erase(workers_, worker);
    if (!waiting_.empty())
      take_back(workers_.emplace_back(spawn_()));
  }

  void take_back(Worker worker) {
    idle_.push_back(std::move(worker));
    while (!idle_.empty() && !waiting_.empty()) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      if (self_->clock().now() < next.deadline)
        start(next);
      else
        next.refuse({errc::deadline_exceeded, "all workers were busy until the time was up"});
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

/// The outcomes of one blocking call for each item. An exception is its item's `internal`.
template <class In, class Call>
auto outcomes_of(const many<In>& items, Call call) -> many<std::invoke_result_t<Call, const In&>> {
  std::vector<std::invoke_result_t<Call, const In&>> outcomes;
  outcomes.reserve(items->size());
  for (const auto& item : *items)
    try {
      outcomes.push_back(call(item));
    } catch (const std::exception& problem) {
      outcomes.push_back(error{errc::internal, problem.what()});
    }
  return outcomes;
}

} // namespace deja
