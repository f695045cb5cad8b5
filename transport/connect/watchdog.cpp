#include <deja/transport/connect/watchdog.hpp>

#include <deja/transport/quiet_thread.hpp>

#include <algorithm>
#include <sys/socket.h>

namespace deja {

namespace {

/// A socket that was not connected yet when its time ran out doesn't notice being shut down, so it
/// is done again until the request gives up.
constexpr auto bite_again = std::chrono::milliseconds{10};

} // namespace

watchdog& watchdog::shared() {
  static watchdog instance;
  return instance;
}

watchdog::watch::watch(watchdog& owner, time_point deadline) : owner_(owner) {
  const std::lock_guard lock{owner_.mutex_};
  id_ = ++owner_.last_id_;
  owner_.entries_[id_] = {deadline, deadline, nullptr};
  if (!owner_.thread_.joinable()) {
    owner_.thread_ =
        quiet_thread<std::jthread>([&owner](std::stop_token stop) { owner.run(std::move(stop)); });
  }
  owner_.wake_before(deadline);
}

watchdog::watch::~watch() {
  const std::lock_guard lock{owner_.mutex_};
  owner_.entries_.erase(id_);
}

void watchdog::watch::set_socket(std::shared_ptr<const file_descriptor> socket) {
  const std::lock_guard lock{owner_.mutex_};
  owner_.entries_.at(id_).socket = std::move(socket);
}

void watchdog::watch::set_deadline(time_point deadline) {
  const std::lock_guard lock{owner_.mutex_};
  auto& entry = owner_.entries_.at(id_);
  entry.deadline = entry.next_bite = deadline;
  owner_.wake_before(deadline);
}

bool watchdog::watch::expired() const {
  const std::lock_guard lock{owner_.mutex_};
  return std::chrono::steady_clock::now() >= owner_.entries_.at(id_).deadline;
}

void watchdog::wake_before(time_point deadline) {
  if (deadline >= sleeps_until_)
    return;
  sleeps_until_ = deadline;
  changed_.notify_one();
}

void watchdog::run(std::stop_token stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const auto now = std::chrono::steady_clock::now();
    sleeps_until_ = now + std::chrono::hours{1};
    for (auto& [id, watched] : entries_) {
      if (watched.next_bite <= now) {
        if (watched.socket)
          ::shutdown(watched.socket->get(), SHUT_RDWR);
        watched.next_bite = now + bite_again;
      }
      sleeps_until_ = std::min(sleeps_until_, watched.next_bite);
    }
    const auto until = sleeps_until_;
    changed_.wait_until(lock, stop, until, [&] { return sleeps_until_ < until; });
  }
}

} // namespace deja
