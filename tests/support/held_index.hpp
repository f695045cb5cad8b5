#pragma once

#include <deja/transport/index/index.hpp>

#include <condition_variable>
#include <mutex>

namespace deja::testing {

/// An index that answers when the test says so.
class held_index : public index {
public:
  void apply(std::vector<operation> operations, outcomes done) override {
    const std::lock_guard lock{mutex_};
    groups_.push_back({std::move(operations), std::move(done)});
    changed_.notify_all();
  }

  void lookup(many<entry_key> keys, outcomes done) override {
    done(std::vector<outcome>(keys->size()));
  }

  void scan(scan_filter, std::string, std::function<void(result<scan_page>)> done) override {
    done(scan_page{});
  }

  void statistics(std::function<void(result<index_statistics>)> done) override {
    done(index_statistics{});
  }

  void watch(std::function<void(std::span<const entry_key>)>) override {}

  result<void> ready() override { return {}; }

  /// Waits for the next group and answers it, each operation with its own key's reservation. Gives
  /// the group's size.
  std::size_t answer() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return !groups_.empty(); });
    const auto next = std::move(groups_.front());
    groups_.erase(groups_.begin());
    lock.unlock();
    std::vector<outcome> all;
    for (const auto& one : next.operations)
      all.emplace_back().reservation.emplace().key = key_of(one);
    const auto size = all.size();
    next.done(std::move(all));
    return size;
  }

  std::size_t waiting() {
    const std::lock_guard lock{mutex_};
    return groups_.size();
  }

private:
  struct group {
    std::vector<operation> operations;
    outcomes done;
  };

  static entry_key key_of(const operation& one) {
    return std::visit([](const auto& what) { return what.key; }, one);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<group> groups_;
};

} // namespace deja::testing
