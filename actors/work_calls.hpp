#pragma once

#include <deja/actors/work_index.hpp>
#include <deja/messages/shared.hpp>

namespace deja {

/// The requests to a work queue that are under way: who asked, whose turn it is to have items
/// indexed, and what has become of each item. Not thread-safe.
template <class Request, class Outcome>
class work_calls {
public:
  using outcomes = many<result<Outcome>>;
  using waiter = typename work_index<Request, Outcome>::waiter;

  /// Whom a request is answered to, and told how far it is.
  struct asker {
    std::function<void(result<outcomes>)> answer;
    std::function<void(const work_progress&)> progress = [](const work_progress&) {
    };
  };

  /// An item, and who waits for it.
  struct asked {
    waiter whom;
    Request what;
  };

  bool empty() const { return calls_.empty(); }

  /// Items without an outcome.
  std::size_t in_flight() const { return in_flight_; }

  /// Items that wait for their turn to be indexed, and whether there are any calls with such.
  std::size_t waiting() const { return waiting_; }

  bool has_turn() const { return !turns_.empty(); }

  /// A new call, which is `name` to its asker. Its id here.
  std::uint64_t add(std::uint64_t name, asker whom, const many<Request>& items) {
    in_flight_ += items->size();
    calls_.emplace(++last_, call{name, std::move(whom), items});
    return last_;
  }

  /// The inputs that keys only refer to have been read, at these places. What can't be read now the
  /// worker reads, and says what is wrong.
  void read(std::uint64_t id, const std::vector<std::size_t>& places,
            const many<result<shared<core::LiteralMap>>>& inputs) {
    const auto found = calls_.find(id);
    if (found == calls_.end())
      return;
    for (std::size_t at = 0; at < places.size(); ++at)
      if (const auto& one = (*inputs)[at]) {
        auto key = *(*found->second.items)[places[at]].key;
        key.inputs = *one;
        found->second.read.emplace(places[at], std::move(key));
      }
  }

  /// The call's items may be indexed, in its turn.
  void line_up(std::uint64_t id) {
    const auto found = calls_.find(id);
    if (found == calls_.end())
      return;
    turns_.push_back(id);
    waiting_ += found->second.items->size();
  }

  /// The call whose turn it is; there is one.
  std::uint64_t next_turn() {
    const auto id = turns_.front();
    turns_.pop_front();
    return id;
  }

  /// The call has had its turn. It gets another one where there is more of it.
  void line_up_again(std::uint64_t id) {
    const auto found = calls_.find(id);
    if (found != calls_.end() && found->second.next < found->second.items->size())
      turns_.push_back(id);
  }

  /// The call's next item that is not in the index yet.
  std::optional<asked> next(std::uint64_t id) {
    std::optional<asked> item;
    const auto found = calls_.find(id);
    if (found == calls_.end()) // all have an outcome already
      return item;
    auto& one = found->second;
    if (one.next == one.items->size())
      return item;
    item.emplace(asked{{id, one.next}, (*one.items)[one.next]});
    if (const auto read = one.read.find(one.next); read != one.read.end())
      item->what.key = read->second;
    ++one.next;
    --waiting_;
    return item;
  }

  /// An item has its outcome. The asker is answered with the last one's.
  void tell(const waiter& whom, const result<Outcome>& done, bool is_cached) {
    const auto found = calls_.find(whom.call);
    if (found == calls_.end())
      return;
    auto& one = found->second;
    one.done[whom.place] = done;
    --in_flight_;
    ++one.so_far.done;
    one.so_far.cached += is_cached;
    one.so_far.failed += !done;
    if (one.so_far.done < one.so_far.total)
      return;
    one.whom.answer(outcomes{std::move(one.done)});
    calls_.erase(found);
  }

  /// Tells their askers how far these calls are.
  void tell_progress(const std::vector<std::uint64_t>& calls) {
    for (const auto id : calls)
      if (const auto found = calls_.find(id); found != calls_.end()) {
        auto& one = found->second;
        if (std::exchange(one.told, one.so_far.done) < one.so_far.done)
          one.whom.progress(one.so_far);
      }
  }

  std::vector<std::uint64_t> named(std::uint64_t name) const {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, one] : calls_)
      if (one.name == name)
        ids.push_back(id);
    return ids;
  }

  /// The one that came first; there is one.
  std::uint64_t first() const { return calls_.begin()->first; }

  /// The call ends as a whole, with an error.
  void give_up(std::uint64_t id, const error& why) {
    const auto found = calls_.find(id);
    const auto& one = found->second;
    one.whom.answer(why);
    in_flight_ -= one.so_far.total - one.so_far.done;
    if (std::erase(turns_, id) > 0)
      waiting_ -= one.items->size() - one.next;
    calls_.erase(found);
  }

private:
  struct call {
    std::uint64_t name;
    asker whom;
    many<Request> items;
    std::map<std::size_t, shared<catalog_key>> read{}; // keys whose inputs have been read, by place
    work_progress so_far{items->size()};
    std::size_t next = 0; // the first item that is not in the index yet
    std::vector<result<Outcome>> done{items->size(), error{}};
    std::uint64_t told = 0; // how many were done when the asker was last told
  };

  std::map<std::uint64_t, call> calls_; // by id
  std::uint64_t last_ = 0;
  std::deque<std::uint64_t> turns_; // calls with items that are not in the index yet
  std::size_t waiting_ = 0;         // how many such items
  std::size_t in_flight_ = 0;
};

} // namespace deja
