#include <deja/transport/index/sqlite_checkpointer.hpp>

#include <deja/transport/quiet_thread.hpp>

namespace deja {

using kind = sqlite::database::checkpoint;

sqlite_checkpointer::sqlite_checkpointer(std::filesystem::path path, checkpoint_limits limits,
                                         std::function<void()> end_snapshots)
    : path_(std::move(path)), limits_(limits), end_snapshots_(std::move(end_snapshots)),
      begin_anew_at_(limits.log_pages) {}

sqlite_checkpointer::~sqlite_checkpointer() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable())
    thread_.join();
}

void sqlite_checkpointer::after_commit(sqlite::database& writer) {
  std::unique_lock lock{mutex_};
  pages_ = writer.log_pages();
  if (pages_ < limits_.log_pages) // Perhaps it was begun anew by another process.
    begin_anew_at_ = limits_.log_pages;
  tried_ = std::min(tried_, pages_);
  if (writers_turn_) {
    lock.unlock();
    const auto done = checkpoint(writer, kind::restart);
    lock.lock();
    writers_turn_ = false;
    if (done)
      pages_ = tried_ = 0;
    else // Someone reads for long: not each commit is to wait for that.
      begin_anew_at_ = pages_ + limits_.log_pages / 4;
  }
  if (!is_due())
    return;
  if (!thread_.joinable())
    try {
      thread_ = quiet_thread([this] { run(); });
    } catch (const std::system_error&) { // no more threads: the next commit tries again
      return;
    }
  wake_.notify_one();
}

bool sqlite_checkpointer::when_idle(sqlite::database& writer) {
  {
    const std::lock_guard lock{mutex_};
    if (!thread_.joinable()) // It has never been large.
      return true;
  }
  if (!checkpoint(writer, kind::empty))
    return false;
  const std::lock_guard lock{mutex_};
  pages_ = tried_ = 0;
  return true;
}

bool sqlite_checkpointer::is_due() const {
  return !writers_turn_ && pages_ >= tried_ + limits_.copy_pages;
}

void sqlite_checkpointer::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || is_due(); });
    if (!is_due())
      return;
    copy(lock);
  }
}

void sqlite_checkpointer::copy(std::unique_lock<std::mutex>& lock) {
  tried_ = pages_;
  lock.unlock();
  if (!database_)
    if (auto opened = sqlite::database::open(path_, {}))
      database_ = std::move(*opened);
  if (database_)
    (void)checkpoint(*database_, kind::copy);
  lock.lock();
  writers_turn_ = pages_ >= begin_anew_at_;
}

result<sqlite::database::write_ahead_log> sqlite_checkpointer::checkpoint(sqlite::database& by,
                                                                          kind which) const {
  using clock = std::chrono::steady_clock;
  if (which != kind::copy)
    end_snapshots_();
  return by.do_checkpoint(which, [this, until = clock::now() + limits_.patience] {
    // Idle readers may have begun anew while the log was not all copied yet.
    end_snapshots_();
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return clock::now() < until;
  });
}

} // namespace deja
