#pragma once

#include <future>
#include <stdexcept>
#include <vector>

#include <pthread.h>

namespace deja::testing {

/// Runs `work` on `threads` threads at once whose stacks take recursion over messages of some
/// 10,000 levels, and waits for all of them. Throws what one of them threw.
template <class Work>
void run_on_big_stacks(unsigned threads, const Work& work) {
  constexpr std::size_t stack_size = std::size_t{1} << 29;
  using task = std::packaged_task<void()>;
  std::vector<task> tasks(threads);
  std::vector<pthread_t> started(threads);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_size);
  for (unsigned at = 0; at < threads; ++at) {
    tasks[at] = task{work};
    const auto run = [](void* given) -> void* {
      (*static_cast<task*>(given))();
      return nullptr;
    };
    if (pthread_create(&started[at], &attributes, run, &tasks[at]) != 0)
      throw std::runtime_error{"can't start a thread with a big stack"};
  }
  pthread_attr_destroy(&attributes);
  for (auto thread : started)
    pthread_join(thread, nullptr);
  for (auto& done : tasks)
    done.get_future().get();
}

} // namespace deja::testing
