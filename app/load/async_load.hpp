#pragma once

#include <deja/actors/catalog.hpp>
#include <deja/app/load/collector.hpp>
#include <deja/app/load/settings.hpp>
#include <deja/transport/blob/blob_store.hpp>

#include <functional>

namespace deja::app::load {

/// The load of an executor that embeds the catalog: uploads of batches of new tasks' outputs, each
/// followed by a download of the same. As many batches are under way as the run has connections; a
/// request is one upload or one download. The outputs lie in memory, a few for all tasks, so that
/// memory does not grow with the run.
class async_load {
public:
  async_load(const settings& how, std::uint64_t run, collector& seen,
             const std::atomic<bool>& is_stopped);

  /// An error where the catalog can't be started.
  result<void> start();

  /// Carries the plan out. `watch` is called in this thread again and again until that is done; it
  /// waits by itself.
  void run(const rate_plan& plan, const std::function<void()>& watch);

private:
  /// A batch under way: uploaded first, then downloaded.
  struct lane {
    std::uint64_t first = 0; ///< Number of its first task.
    bool is_uploaded = false;
    steady::time_point due{};
  };

  /// What came of a lane's request: an outcome a task.
  struct ended {
    std::size_t lane = 0;
    std::vector<errc> codes;
    std::string wrong{}, why{};
  };

  void drive(const rate_plan& plan, steady::time_point begin);
  void begin(std::size_t at, steady::time_point due);
  void upload(std::size_t at);
  void download(std::size_t at);
  void finish(const ended& what, steady::time_point now);
  void tell_failure(std::size_t at, const error& why); // of a whole request
  void tell(ended what);
  std::vector<ended> take_ended(steady::time_point until);
  void hand_over(bool is_over);

  shared<catalog_key> key_of(std::uint64_t task) const;
  std::string prefix_of(std::uint64_t task) const;

  const settings& how_;
  std::uint64_t run_;
  collector& seen_;
  const std::atomic<bool>& is_stopped_;

  std::shared_ptr<blob_store> store_;
  std::vector<std::string> outputs_; // serialized; a task's is chosen by its number
  catalog_key key_;                  // all tasks' but for the inputs

  std::vector<lane> lanes_;
  std::deque<std::size_t> free_;
  bool is_started_ = false;
  std::uint64_t next_task_ = 0;
  interval_stats now_;
  std::uint64_t interval_ = 0;
  double cpu_ = 0;

  std::mutex mutex_; // for what follows
  std::condition_variable changed_;
  std::vector<ended> ended_;

  std::optional<catalog> catalog_; // ends first: it may still tell of requests
};

} // namespace deja::app::load
