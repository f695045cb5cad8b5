#include <deja/actors/wait_graph.hpp>

#include <algorithm>
#include <optional>
#include <set>

namespace deja {

namespace {

using edges = wait_graph::edges;

void add(edges& to, const digest& from, const digest& there) {
  ++to[from][there];
}

void remove(edges& out_of, const digest& from, const digest& there) {
  const auto found = out_of.find(from);
  const auto edge = found->second.find(there);
  if (--edge->second > 0)
    return;
  found->second.erase(edge);
  if (found->second.empty())
    out_of.erase(found);
}

/// Looks for one of `goals` along edges, depth first and an edge at a time.
class search {
public:
  search(const edges& along, const std::vector<digest>& starts, const std::vector<digest>& goals)
      : along_(along), goals_(goals) {
    for (const auto& start : starts)
      enter(start);
  }

  /// Follows the next edge. Whether there is a way, once that is known.
  std::optional<bool> step() {
    if (open_.empty())
      return false;
    auto& [next, end] = open_.back();
    if (next == end) {
      open_.pop_back();
      return std::nullopt;
    }
    const auto& there = next++->first;
    if (std::ranges::count(goals_, there) > 0)
      return true;
    enter(there);
    return std::nullopt;
  }

private:
  using edge = edges::mapped_type::const_iterator;

  void enter(const digest& key) {
    if (!entered_.insert(key).second)
      return;
    if (const auto found = along_.find(key); found != along_.end())
      open_.emplace_back(found->second.begin(), found->second.end());
  }

  const edges& along_;
  const std::vector<digest>& goals_;
  std::set<digest> entered_;
  std::vector<std::pair<edge, edge>> open_; // edges that are still to be followed
};

} // namespace

bool wait_graph::closes_cycle(const std::vector<digest>& callers, const digest& key) const {
  if (std::ranges::count(callers, key) > 0)
    return true;
  // Both find the same. They take turns until one of them is done, since a computation may have
  // many parts, and a part may be waited for by many.
  const std::vector<digest> part{key};
  search ahead{waits_for_, part, callers};
  search back{waited_for_by_, callers, part};
  for (;;) {
    if (const auto found = ahead.step())
      return *found;
    if (const auto found = back.step())
      return *found;
  }
}

void wait_graph::begin(std::uint64_t call, const std::vector<digest>& callers, const digest& key) {
  end(call);
  if (callers.empty())
    return;
  auto chain = callers;
  chain.push_back(key);
  for (std::size_t at = 1; at < chain.size(); ++at) {
    add(waits_for_, chain[at - 1], chain[at]);
    add(waited_for_by_, chain[at], chain[at - 1]);
  }
  chains_.emplace(call, std::move(chain));
}

void wait_graph::end(std::uint64_t call) {
  const auto ended = chains_.extract(call);
  if (!ended)
    return;
  const auto& chain = ended.mapped();
  for (std::size_t at = 1; at < chain.size(); ++at) {
    remove(waits_for_, chain[at - 1], chain[at]);
    remove(waited_for_by_, chain[at], chain[at - 1]);
  }
}

} // namespace deja
