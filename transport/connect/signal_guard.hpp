#pragma once

#include <csignal>
#include <ctime>

namespace deja {

/// While it lives, writing to a connection that the peer has closed doesn't end the process:
/// SIGPIPE is blocked for this thread, and one that came is taken away. The process' own handling
/// stays.
class sigpipe_guard {
public:
  sigpipe_guard() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }

  ~sigpipe_guard() {
    if (!was_pending_) {
      const ::timespec at_once{};
      ::sigtimedwait(&pipe_, nullptr, &at_once);
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  sigpipe_guard(const sigpipe_guard&) = delete;
  sigpipe_guard& operator=(const sigpipe_guard&) = delete;

private:
  ::sigset_t pipe_;
  ::sigset_t before_;
  bool was_pending_;
};

} // namespace deja
