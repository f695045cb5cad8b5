#include <deja/transport/index/hot_rows.hpp>

namespace deja {

namespace {

std::size_t size_of(const entry_key& key) {
  return key.where.org.size() + key.where.project.size() + key.where.domain.size() + key.key.size();
}

// With what the containers and the allocator take, more or less.
std::size_t size_of(const stored_state& state) {
  constexpr std::size_t overhead = 256;
  auto size = overhead + sizeof(stored_state);
  if (state.entry)
    size += size_of(state.entry->key) + state.entry->task.size() + state.entry->output.size();
  if (state.reservation)
    size +=
        size_of(state.reservation->reservation.key) + state.reservation->reservation.owner.size();
  return size;
}

} // namespace

hot_rows::row hot_rows::find(const digest& key, std::uint64_t& era) {
  const std::lock_guard lock{mutex_};
  era = era_;
  const auto found = rows_.find(key);
  if (found == rows_.end())
    return nullptr;
  found->asked = true;
  return found->state;
}

void hot_rows::offer(const digest& key, stored_state read, std::uint64_t era) {
  const auto bytes = size_of(read);
  if (bytes > max_bytes_)
    return;
  auto state = std::make_shared<const stored_state>(std::move(read));
  const std::lock_guard lock{mutex_};
  if (era != era_ || era % 2 != 0 || !rows_.insert({key, std::move(state), bytes}).second)
    return;
  bytes_ += bytes;
  shrink();
}

void hot_rows::begin_commit() {
  const std::lock_guard lock{mutex_};
  ++era_;
}

void hot_rows::end_commit(std::span<change> changes) {
  const std::lock_guard lock{mutex_};
  ++era_;
  for (auto& [key, now] : changes)
    if (const auto found = rows_.find(key); found != rows_.end()) {
      bytes_ -= found->bytes;
      found->bytes = size_of(now);
      bytes_ += found->bytes;
      found->state = std::make_shared<const stored_state>(std::move(now));
    }
  shrink();
}

void hot_rows::end_commit() {
  const std::lock_guard lock{mutex_};
  ++era_;
  rows_.clear();
  bytes_ = 0;
}

std::size_t hot_rows::bytes() const {
  const std::lock_guard lock{mutex_};
  return bytes_;
}

// What was asked for since it came to the end gets another round.
void hot_rows::shrink() {
  auto& in_order = rows_.get<1>();
  while (bytes_ > max_bytes_) {
    const auto first = in_order.begin();
    if (std::exchange(first->asked, false)) {
      in_order.relocate(in_order.end(), first);
      continue;
    }
    bytes_ -= first->bytes;
    in_order.pop_front();
  }
}

} // namespace deja
