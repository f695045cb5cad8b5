#pragma once

#include <deja/transport/blob/file_descriptor.hpp>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

namespace deja {

/// Shuts down sockets whose time has run out, so that a blocking call on them ends however slowly
/// the peer trickles. One thread for the whole process, started with the first watch; it takes no
/// signals. Safe to use from many threads.
class watchdog {
public:
  using time_point = std::chrono::steady_clock::time_point;

  static watchdog& shared();

  /// A watch over the sockets of one request, until it is destroyed.
  class watch {
  public:
    watch(watchdog& owner, time_point deadline);
    ~watch();
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;

    /// The socket to be shut down at the deadline, instead of the one before. It is a copy of the
    /// descriptor in use: a number that was closed and given out again is never hit.
    void set_socket(std::shared_ptr<const file_descriptor> socket);

    /// Moves the deadline.
    void set_deadline(time_point deadline);

    /// Whether the deadline has passed.
    bool expired() const;

  private:
    watchdog& owner_;
    std::uint64_t id_;
  };

private:
  struct entry {
    time_point deadline;
    time_point next_bite;
    std::shared_ptr<const file_descriptor> socket;
  };

  watchdog() = default;
  void run(std::stop_token stop);
  void wake_before(time_point deadline); // with the mutex held

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::uint64_t, entry> entries_;
  std::uint64_t last_id_ = 0;
  time_point sleeps_until_{}; // so that only an earlier deadline wakes the thread
  std::jthread thread_;       // last: it ends before what it uses
};

} // namespace deja
