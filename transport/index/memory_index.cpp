#include <deja/transport/index/memory_index.hpp>

#include <deja/messages/digest_map.hpp>
#include <deja/messages/prefetch.hpp>
#include <deja/transport/index/decision.hpp>
#include <deja/transport/index/scan.hpp>

#include <mutex>
#include <set>
#include <shared_mutex>

namespace deja {

namespace {

class memory_index final : public index {
public:
  explicit memory_index(std::shared_ptr<const deja::clock> clock) : clock_(std::move(clock)) {}

  void apply(std::vector<operation> operations, outcomes done) override {
    std::vector<outcome> results;
    results.reserve(operations.size());
    {
      std::unique_lock lock{mutex_};
      auto context = moment();
      context.next_number = [this] {
        return ++last_number_;
      };
      for (const auto& operation : operations) {
        const auto [at, is_new] = states_.try_emplace(primary_key(key_of(operation)));
        auto& [id, state] = *at;
        results.push_back(decide(operation, state, context));
        const bool is_there = state.entry || state.reservation;
        if (is_there && is_new)
          order_.insert(id);
        if (!is_there && !is_new)
          order_.erase(id);
        if (!is_there)
          states_.erase(at);
      }
    }
    tell_watcher(operations, results);
    done(std::move(results));
  }

  void lookup(many<entry_key> keys, outcomes done) override {
    const auto ids = primary_keys(*keys);
    std::vector<const stored_state*> states(ids.size());
    std::vector<outcome> found(ids.size());
    {
      std::shared_lock lock{mutex_};
      for (std::size_t at = 0; at < ids.size(); ++at)
        if (const auto there = states_.find(ids[at]); there != states_.end()) {
          states[at] = &there->second;
          prefetch(there->second.entry.pointer().get());
        }
      const auto context = moment();
      for (std::size_t at = 0; at < ids.size(); ++at)
        if (states[at] != nullptr) {
          found[at] = visible(*states[at], context);
          if (found[at].entry)
            prefetch(found[at].entry->output.data());
        }
    }
    done(std::move(found));
  }

  void scan(scan_filter filter, std::string cursor,
            std::function<void(result<scan_page>)> done) override {
    auto scanner = page_scanner::start(filter, cursor);
    if (!scanner)
      return done(scanner.error());
    std::shared_lock lock{mutex_};
    const auto context = moment();
    auto at = cursor.empty() ? order_.begin() : order_.upper_bound(scanner->after());
    while (at != order_.end() && scanner->take(*at, states_.at(*at), context))
      ++at;
    lock.unlock();
    done(scanner->finish());
  }

  void statistics(std::function<void(result<index_statistics>)> done) override {
    index_statistics total;
    std::shared_lock lock{mutex_};
    for (const auto& [id, state] : states_) {
      if (state.entry) {
        ++total.entries;
        total.bytes += state.entry->size;
      }
      total.reservations += state.reservation ? 1 : 0;
    }
    lock.unlock();
    done(total);
  }

  void watch(std::function<void(std::span<const entry_key>)> on_change) override {
    std::lock_guard lock{watch_mutex_};
    on_change_ = std::move(on_change);
  }

  result<void> ready() override { return {}; }

private:
  decision_context moment() const { return {clock_->now(), clock_->since_boot(), {}}; }

  void tell_watcher(const std::vector<operation>& operations, const std::vector<outcome>& results) {
    std::lock_guard lock{watch_mutex_};
    if (!on_change_)
      return;
    if (const auto changed = changed_keys(operations, results); !changed.empty())
      on_change_(changed);
  }

  const std::shared_ptr<const deja::clock> clock_;
  std::shared_mutex mutex_; ///< For what follows.
  digest_map<stored_state> states_;
  std::set<digest> order_; ///< Of the same keys, for scans.
  std::uint64_t last_number_ = 0;

  std::mutex watch_mutex_;
  std::function<void(std::span<const entry_key>)> on_change_;
};

} // namespace

std::unique_ptr<index> make_memory_index(std::shared_ptr<const deja::clock> clock) {
  return std::make_unique<memory_index>(std::move(clock));
}

} // namespace deja
