#pragma once

#include <deja/messages/catalog.hpp>
#include <deja/messages/digest_map.hpp>
#include <deja/transport/blob/task_paths.hpp>

#include <list>
#include <unordered_map>

namespace deja {

/// The outcomes of finished items that later requests for them may still get; the one that was
/// asked for longest ago goes for a new one. Not thread-safe.
template <class Outcome>
class finished_work {
public:
  struct record {
    result<Outcome> outcome;
    /// The outcome holds for as long as there are outputs at this place, and none of another item
    /// have been kept for it since; no place: for one request.
    std::optional<outputs_under> place;
  };

  explicit finished_work(std::size_t most) : most_(most) {}

  void keep(const digest& identity, record what) {
    forget(identity);
    if (most_ == 0)
      return;
    if (what.place)
      forget_at(outputs_path(what.place->prefix));
    if (known_.size() == most_)
      forget(order_.front().first);
    if (what.place)
      places_.emplace(outputs_path(what.place->prefix), identity);
    order_.emplace_back(identity, std::move(what));
    known_.emplace(identity, std::prev(order_.end()));
  }

  /// Valid until the next call that changes anything; null where nothing is known.
  const record* find(const digest& identity) {
    const auto known = known_.find(identity);
    if (known == known_.end())
      return nullptr;
    order_.splice(order_.end(), order_, known->second);
    return &known->second->second;
  }

  void forget(const digest& identity) {
    if (const auto known = known_.find(identity); known != known_.end()) {
      const auto place = known->second; // `identity` may lie in it
      if (const auto& where = place->second.place)
        places_.erase(outputs_path(where->prefix));
      known_.erase(known);
      order_.erase(place);
    }
  }

  std::size_t size() const { return known_.size(); }

private:
  /// Other outputs have taken the place of these.
  void forget_at(const std::string& path) {
    if (const auto there = places_.find(path); there != places_.end())
      forget(digest{there->second});
  }

  using list = std::list<std::pair<digest, record>>;

  std::size_t most_;
  list order_; // the longest unasked first
  digest_map<typename list::iterator> known_;
  std::unordered_map<std::string, digest> places_; // whose outputs lie there, by path
};

} // namespace deja
