#pragma once

#include <deja/transport/connect/request.hpp>
#include <deja/transport/connect/responder.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <mutex>
#include <thread>
#include <unordered_set>

namespace deja::http {

class event_loop;
class session;

/// One call of a session. Holds the session's memory, but does not keep it open.
struct session_call {
  std::weak_ptr<session> caller;
  std::uint64_t number = 0; ///< Of the session's calls.
};

/// How answers and tasks reach a loop from any thread. Outlives the loop where it must: what comes
/// then is dropped.
class loop_inbox {
public:
  explicit loop_inbox(event_loop& loop) : loop_(&loop) {}

  void answer(const session_call& call, response answer);
  void post(std::function<void()> task);

  /// The loop is about to go.
  void close();

private:
  void deliver();

  std::mutex mutex_;
  event_loop* loop_;
  std::vector<std::pair<session_call, response>> answers_;
};

/// Memory that a session needs only while it serves a request.
struct scratch {
  boost::beast::flat_buffer input; ///< Received and not parsed yet.
  request asked;
  std::size_t read = 0; ///< Bytes of its body that a streamed handler has.
  std::string out;      ///< The head of the answer.
};

/// One thread's sessions. All but construction and the inbox belongs to the thread that runs it.
class event_loop {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `sweep`: how often deadlines are looked at, where there are sessions.
  explicit event_loop(duration sweep);
  ~event_loop();

  boost::asio::io_context& context() { return context_; }

  const std::shared_ptr<loop_inbox>& inbox() const { return inbox_; }

  /// Runs until `finish` and the last session's end.
  void run();

  /// Lets `run` return once nothing is left. Any thread.
  void finish() { work_.reset(); }

  bool on_thread() const { return std::this_thread::get_id() == thread_; }

  void add(session& one);

  void remove(session& one);

  /// When `limit` has passed for sure, and at most two sweeps more; put off by as long as the loop
  /// stands still. Asks no clock.
  time_point after(duration limit) const { return swept_ + sweep_interval_ + limit; }

  /// Closes idle sessions; the others end with their answer.
  void drain();

  /// Cuts all sessions.
  void cut();

  bool draining() const { return draining_; }

  std::unique_ptr<scratch> take_scratch();
  void give_back(std::unique_ptr<scratch> used);

private:
  void sweep();

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweeper_;
  const duration sweep_interval_;
  bool sweeping_ = false;
  time_point swept_{}; // last
  std::shared_ptr<loop_inbox> inbox_;
  std::thread::id thread_;
  bool draining_ = false;
  std::unordered_set<session*> sessions_;
  std::vector<std::unique_ptr<scratch>> spare_;
};

} // namespace deja::http
