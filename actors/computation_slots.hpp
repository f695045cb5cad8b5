#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace deja {

/// How many computations may go on at a time, and which have to wait for that, in the order in
/// which they came. Not thread-safe.
class computation_slots {
public:
  explicit computation_slots(std::size_t most) : most_(most) {} ///< Zero: no limit.

  /// Takes a slot for `who`, or has it wait for one: then false.
  bool take(std::uint64_t who) {
    if (most_ > 0 && taken_ == most_) {
      waiting_.push_back(who);
      return false;
    }
    ++taken_;
    return true;
  }

  void give_back() { --taken_; }

  /// Whose turn it is to take a slot, while there is a free one. It waits no longer.
  std::optional<std::uint64_t> next() {
    if (waiting_.empty() || taken_ == most_)
      return std::nullopt;
    const auto first = waiting_.front();
    waiting_.pop_front();
    return first;
  }

  /// `who` needs no slot any more. Whether it waited for one.
  bool withdraw(std::uint64_t who) { return std::erase(waiting_, who) > 0; }

private:
  std::size_t most_;
  std::size_t taken_ = 0;
  std::deque<std::uint64_t> waiting_;
};

} // namespace deja
