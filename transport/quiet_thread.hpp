#pragma once

#include <csignal>
#include <thread>

namespace deja {

/// A thread that takes no signals: they are the host's, which may wait for them in its own way.
template <class Thread = std::thread, class Work>
Thread quiet_thread(Work work) {
  struct quiet {
    quiet() {
      ::sigset_t all;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, &before);
    }

    ~quiet() { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); }

    ::sigset_t before;
  };

  const quiet meanwhile;
  return Thread{std::move(work)}; // inherits the mask
}

} // namespace deja
