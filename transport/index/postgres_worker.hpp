#pragma once

#include <deja/transport/index/postgres.hpp>
#include <deja/transport/quiet_thread.hpp>
#include <deja/transport/retry_schedule.hpp>

#include <deque>
#include <functional>
#include <mutex>
#include <random>

namespace deja {

/// Wakes a thread that waits for a socket. `ring` from any thread.
class wake_up {
public:
  wake_up();
  ~wake_up();
  wake_up(const wake_up&) = delete;

  void ring() const;

  /// Waits until it rings, `socket` has something to read (-1: none), or the time is over (none:
  /// never). Whether the socket has.
  bool wait(int socket, std::optional<duration> longest) const;

private:
  int event_;
};

/// How a worker keeps its connection, and how much may wait for it.
struct postgres_worker_config {
  postgres::options database;
  retry_limits reconnect;
  std::size_t most_waiting; ///< In the jobs' sizes; more are refused.
  std::size_t batch;        ///< Jobs of together about this size are served at once.
};

/// The error of operations while there is no connection, with when there may be one.
error away(error why, duration pause);

error too_many_waiting(const std::string& what, std::size_t limit);

/// A thread with a connection of its own that serves all jobs that wait, whenever it is free: so
/// the more there are the larger are their groups. Where the connection is lost it makes a new one,
/// at once and then ever more seldom. While there is none, jobs are refused at once with the
/// reason. The destructor serves what waits, or refuses it where there is no connection.
///
/// A job has a `size()`, and `refuse(error)` answers it.
template <class Job>
class postgres_worker {
public:
  struct behaviour {
    /// Makes a new connection ready.
    std::function<result<void>(postgres::connection&)> prepare;
    /// Answers the jobs; gives back those that are to be tried again.
    std::function<std::vector<Job>(postgres::connection&, std::vector<Job>)> serve;
    /// The idle connection has something to read.
    std::function<void(postgres::connection&)> listen;
  };

  postgres_worker(postgres_worker_config config, behaviour act)
      : config_(with(std::move(config), hurry_)), act_(std::move(act)),
        state_(error{errc::unavailable, "the database is being connected to"}),
        thread_(quiet_thread([this] { run(); })) {}

  ~postgres_worker() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    hurry_ = true;
    wake_.ring();
    thread_.join();
  }

  void submit(Job job) {
    std::optional<error> why;
    {
      const std::lock_guard lock{mutex_};
      if (is_away_)
        why = state_.error();
      else if (job.size() > config_.most_waiting - std::min(waiting_size_, config_.most_waiting))
        why = too_many_waiting("the database is busy", config_.most_waiting);
      else {
        waiting_size_ += job.size();
        waiting_.push_back(std::move(job));
        if (waiting_.size() > 1)
          return;
      }
    }
    if (why)
      job.refuse(*why);
    else
      wake_.ring();
  }

  /// Whether there is a connection; else why not.
  result<void> state() const {
    const std::lock_guard lock{mutex_};
    return state_;
  }

  /// The size of all jobs that wait.
  std::size_t load() const {
    const std::lock_guard lock{mutex_};
    return waiting_size_;
  }

private:
  static postgres_worker_config with(postgres_worker_config config,
                                     const std::atomic<bool>& hurry) {
    config.database.hurry = &hurry;
    return config;
  }

  void run() {
    std::optional<postgres::connection> line;
    bool had_one = false;
    while (true) {
      if (!line) {
        if (is_done())
          return;
        if (hurry_ && had_one)
          return refuse_all(error{errc::unavailable, "the connection to the database was lost"});
        line = connect();
        had_one = had_one || line;
      } else if (auto jobs = next_batch(); !jobs.empty()) {
        auto again = line->look() ? std::move(jobs) : act_.serve(*line, std::move(jobs));
        put_back(std::move(again));
      } else if (is_done()) {
        return;
      } else if (wake_.wait(line->socket(), std::nullopt) && !line->look()) {
        act_.listen(*line);
      }
      if (line && line->lost()) {
        line.reset();
        const std::lock_guard lock{mutex_};
        state_ = error{errc::unavailable, "the connection to the database was lost"};
      }
    }
  }

  bool is_done() const {
    const std::lock_guard lock{mutex_};
    return stopping_ && waiting_.empty();
  }

  /// Nothing where it failed; then the pause is over.
  std::optional<postgres::connection> connect() {
    auto opened = postgres::connection::open(config_.database);
    auto made = opened ? act_.prepare(*opened) : result<void>{opened.error()};
    if (made) {
      const std::lock_guard lock{mutex_};
      failed_ = 0;
      is_away_ = false;
      state_ = {};
      return std::move(*opened);
    }
    const auto pause =
        retry_pause(config_.reconnect, ++failed_, std::uniform_real_distribution{}(random_));
    const auto why = away(made.error(), pause);
    refuse_all(why);
    if (!hurry_)
      wake_.wait(-1, pause);
    return std::nullopt;
  }

  void refuse_all(const error& why) {
    std::deque<Job> refused;
    {
      const std::lock_guard lock{mutex_};
      is_away_ = true;
      state_ = why;
      refused.swap(waiting_);
      waiting_size_ = 0;
    }
    for (auto& job : refused)
      job.refuse(why);
  }

  std::vector<Job> next_batch() {
    const std::lock_guard lock{mutex_};
    std::vector<Job> batch;
    std::size_t size = 0;
    while (!waiting_.empty() &&
           (batch.empty() || size + waiting_.front().size() <= config_.batch)) {
      size += waiting_.front().size();
      batch.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    waiting_size_ -= size;
    return batch;
  }

  void put_back(std::vector<Job> again) {
    const std::lock_guard lock{mutex_};
    for (auto job = again.rbegin(); job != again.rend(); ++job) {
      waiting_size_ += job->size();
      waiting_.push_front(std::move(*job));
    }
  }

  std::atomic<bool> hurry_ = false;
  const postgres_worker_config config_;
  const behaviour act_;
  const wake_up wake_;

  mutable std::mutex mutex_; ///< For what follows.
  std::deque<Job> waiting_;
  std::size_t waiting_size_ = 0;
  result<void> state_;
  bool is_away_ = false; ///< The last attempt to connect failed.
  bool stopping_ = false;

  // The thread's alone.
  unsigned failed_ = 0;
  std::minstd_rand random_{std::random_device{}()};

  std::thread thread_;
};

} // namespace deja
