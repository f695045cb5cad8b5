#include <deja/app/run/reservation_keeper.hpp>
#include <deja/transport/quiet_thread.hpp>

namespace deja::run {

reservation_keeper::reservation_keeper(std::unique_ptr<cache_endpoint> endpoint, entry_key key,
                                       std::string owner, duration heartbeat)
    : endpoint_(std::move(endpoint)), key_(std::move(key)), owner_(std::move(owner)),
      heartbeat_(heartbeat) {
  thread_ = quiet_thread([this] { keep(); });
}

reservation_keeper::~reservation_keeper() {
  {
    const std::lock_guard lock{mutex_};
    end_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void reservation_keeper::keep() {
  std::unique_lock lock{mutex_};
  while (!ended_.wait_for(lock, heartbeat_, [this] { return end_; })) {
    lock.unlock();
    const auto held =
        endpoint_->reserve({.time_left = heartbeat_, .traceparent = {}}, key_, owner_, heartbeat_);
    lock.lock();
    if (held && held->owner != owner_)
      return;
  }
}

} // namespace deja::run
