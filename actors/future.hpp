#pragma once

#include <deja/messages/cache.hpp>
#include <deja/messages/error.hpp>
#include <deja/messages/longest_wait.hpp>

#include <algorithm>
#include <condition_variable>
#include <coroutine>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace deja {

/// Whether a future has its outcome.
enum class future_status { not_ready, ready };

/// A value that comes later, or why it does not. Becomes ready by itself, once. Copies are the same
/// future; dropping them all neither cancels nor harms anything. Thread-safe.
///
///     auto asked = catalog.download(requests);
///     if (asked.wait_for(1s))
///       use(asked.get().value());
///     asked.on_ready([](const auto& outcome) { ... }); // or: auto outcome = co_await asked;
template <class T>
class future {
public:
  /// Called once, with the outcome. It must not block, and must not throw: that ends the program.
  using handler = std::function<void(const result<T>&)>;

  future_status status() const { return ready() ? future_status::ready : future_status::not_ready; }

  bool ready() const {
    const std::lock_guard lock{state_->mutex};
    return state_->outcome.has_value();
  }

  /// Not on a thread of actors, which has others' work to do.
  void wait() const {
    std::unique_lock lock{state_->mutex};
    state_->changed.wait(lock, [this] { return state_->outcome.has_value(); });
  }

  /// Waits no longer than `time`; whether it is ready.
  bool wait_for(duration time) const {
    std::unique_lock lock{state_->mutex};
    return state_->changed.wait_for(lock, std::min(time, longest_wait),
                                    [this] { return state_->outcome.has_value(); });
  }

  /// The outcome; failed_precondition (RESPONSE_NOT_READY) where there is none yet.
  result<T> get() const {
    const std::lock_guard lock{state_->mutex};
    if (state_->outcome)
      return *state_->outcome;
    return error{errc::failed_precondition, "RESPONSE_NOT_READY: the future is not ready yet"};
  }

  /// Calls the handler when it is ready, on the thread that makes it so, or at once, on this one.
  void on_ready(handler call) const {
    const auto state = state_; // the handler may let go of this future
    {
      const std::lock_guard lock{state->mutex};
      if (!state->outcome) {
        state->handlers.push_back(std::move(call));
        return;
      }
    }
    state->call(call);
  }

  /// Asks for an early end: it becomes ready, as canceled where nothing else was first.
  void cancel() const {
    std::function<void()> call;
    {
      const std::lock_guard lock{state_->mutex};
      if (!state_->outcome)
        call = state_->cancel;
    }
    if (call)
      call();
  }

  /// `co_await` gives the outcome. The coroutine goes on where `on_ready` calls its handlers.
  auto operator co_await() const {
    struct awaiter {
      future awaited;

      bool await_ready() const { return awaited.ready(); }

      void await_suspend(std::coroutine_handle<> whom) const {
        awaited.on_ready([whom](const result<T>&) { whom.resume(); });
      }

      result<T> await_resume() const { return awaited.get(); }
    };

    return awaiter{*this};
  }

private:
  template <class>
  friend class promise;

  struct shared_state {
    void call(const handler& one) const noexcept { one(*outcome); }

    std::mutex mutex;
    std::condition_variable changed;
    std::optional<result<T>> outcome; // set once
    std::vector<handler> handlers;
    std::function<void()> cancel;
  };

protected:
  future() : state_(std::make_shared<shared_state>()) {}

private:
  std::shared_ptr<shared_state> state_;
};

/// The side of a future that sets it. Where it is dropped without that, the future's outcome is
/// unavailable. Thread-safe but for its destruction.
template <class T>
class promise {
public:
  /// `cancel` is called by each `future::cancel` before the outcome is there.
  explicit promise(std::function<void()> cancel = {}) { of_.state_->cancel = std::move(cancel); }

  promise(const promise&) = delete;
  promise& operator=(const promise&) = delete;

  ~promise() { set(error{errc::unavailable, "the catalog has ended"}); }

  const future<T>& get_future() const { return of_; }

  /// The first outcome stays.
  void set(result<T> outcome) {
    const auto state = of_.state_;
    std::vector<typename future<T>::handler> handlers;
    {
      const std::lock_guard lock{state->mutex};
      if (state->outcome)
        return;
      state->outcome.emplace(std::move(outcome));
      handlers.swap(state->handlers);
      state->cancel = {};
    }
    state->changed.notify_all();
    for (const auto& one : handlers)
      state->call(one);
  }

private:
  struct made : future<T> {};

  made of_;
};

} // namespace deja
