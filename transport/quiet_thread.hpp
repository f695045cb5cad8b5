#pragma once

#include <csignal>
#include <thread>

namespace deja {

/// A thread that takes no signals: they are the host's, which may wait for them in its own way.
template <class Thread = std::thread, class Work>
Thread quiet_thread(Work work) {
  ::sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  Thread thread{std::move(work)}; // inherits the mask
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

} // namespace deja
