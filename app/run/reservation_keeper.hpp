#pragma once

#include <deja/transport/cache_endpoint.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace deja::run {

/// Extends one reservation from a thread of its own, by an endpoint of its own, for as long as it
/// lives. Stops when the reservation is found to be another's; a service out of reach is no loss.
class reservation_keeper {
public:
  reservation_keeper(std::unique_ptr<cache_endpoint> endpoint, entry_key key, std::string owner,
                     duration heartbeat);
  reservation_keeper(const reservation_keeper&) = delete;
  reservation_keeper& operator=(const reservation_keeper&) = delete;

  /// Joins the thread; waits for a call under way, which has a deadline.
  ~reservation_keeper();

private:
  void keep();

  std::unique_ptr<cache_endpoint> endpoint_;
  entry_key key_;
  std::string owner_;
  duration heartbeat_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

} // namespace deja::run
