#pragma once

#include <deja/actors/finished_work.hpp>
#include <deja/actors/work_config.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <map>

namespace deja {

/// The index of a work queue: which items are under way and who waits for each, which are to be
/// done next or later again, and which have finished. Items under way are never forgotten. It knows
/// identities and times, but not what the work is. Not thread-safe.
template <class Request, class Outcome>
class work_index {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using record = typename finished_work<Outcome>::record;

  /// Who waits for an item: a call, and the item's place in it.
  struct waiter {
    std::uint64_t call = 0;
    std::size_t place = 0;
  };

  /// An item under way.
  struct item {
    digest identity{};
    Request what;
    std::vector<waiter> waiters;
    unsigned attempts = 0;
    bool alone = false; ///< It was in a chunk that failed as a whole: tried again by itself.
  };

  /// `random` gives numbers from 0 up to, not including, 1.
  work_index(const work_config& config, std::function<double()> random)
      : retry_(config.retry), random_(std::move(random)), finished_(config.max_items) {}

  /// What is known of this item because it has finished; null where it has to be done. What holds
  /// for one request only is forgotten by `forget`.
  const record* finished(const digest& identity) { return finished_.find(identity); }

  void forget(const digest& identity) { finished_.forget(identity); }

  /// Has the item done, or waits along where it is under way.
  void add(const digest& identity, Request what, const waiter& whom) {
    const auto [place, is_new] = items_.try_emplace(identity);
    auto& one = place->second;
    one.waiters.push_back(whom);
    if (!is_new)
      return;
    one.identity = identity;
    one.what = std::move(what);
    ready_.push_back(&one);
  }

  /// How many items are ready to be done.
  std::size_t ready() const { return ready_.size(); }

  /// Takes the next items to be done, at most so many; one that is tried alone comes alone. They
  /// stay where they are until they have ended.
  std::vector<item*> take(std::size_t most) {
    std::vector<item*> taken;
    while (!ready_.empty() && taken.size() < most) {
      auto* next = ready_.front();
      if (next->alone && !taken.empty())
        break;
      ready_.pop_front();
      if (next->waiters.empty()) { // all have gone
        items_.erase(digest{next->identity});
        continue;
      }
      taken.push_back(next);
      if (next->alone)
        break;
    }
    return taken;
  }

  /// The item, which was taken, has to be tried again at `now` or later, or has used up its
  /// attempts: then false.
  bool retry(item& one, time_point now) {
    if (++one.attempts >= retry_.attempts)
      return false;
    later_.emplace(now + retry_pause(retry_, one.attempts, random_()), &one);
    return true;
  }

  /// The item was in a chunk that failed as a whole, by another's fault perhaps: once more, alone.
  void retry_alone(item& one) {
    one.alone = true;
    ready_.push_back(&one);
  }

  /// The item, which was taken, has ended. Gives who waited for it.
  std::vector<waiter> finish(item& one) {
    const auto ended = items_.extract(one.identity);
    return std::move(ended.mapped().waiters);
  }

  void keep(const digest& identity, record what) { finished_.keep(identity, std::move(what)); }

  /// When the next item is to be tried again.
  std::optional<time_point> next_retry() const {
    if (later_.empty())
      return std::nullopt;
    return later_.begin()->first;
  }

  /// Makes ready what is to be tried again by now.
  void wake(time_point now) {
    while (!later_.empty() && later_.begin()->first <= now) {
      ready_.push_back(later_.begin()->second);
      later_.erase(later_.begin());
    }
  }

  /// The call waits for nothing any more.
  void leave(std::uint64_t call) {
    for (auto& [identity, one] : items_)
      std::erase_if(one.waiters, [call](const waiter& who) { return who.call == call; });
  }

  std::size_t size() const { return items_.size(); }

private:
  retry_limits retry_;
  std::function<double()> random_;
  digest_map<item> items_; // under way: ready, later, or taken
  std::deque<item*> ready_;
  std::multimap<time_point, item*> later_;
  finished_work<Outcome> finished_;
};

} // namespace deja
