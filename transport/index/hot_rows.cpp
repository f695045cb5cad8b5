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
  const auto found = places_.find(key);
  if (found == places_.end())
    return nullptr;
  order_.splice(order_.end(), order_, found->second);
  return found->second->state;
}

void hot_rows::offer(const digest& key, stored_state read, std::uint64_t era) {
  const auto bytes = size_of(read);
  if (bytes > max_bytes_)
    return;
  auto state = std::make_shared<const stored_state>(std::move(read));
  const std::lock_guard lock{mutex_};
  if (era != era_ || era % 2 != 0 || places_.contains(key))
    return;
  order_.push_back({key, std::move(state), bytes});
  places_.emplace(key, std::prev(order_.end()));
  bytes_ += bytes;
  while (bytes_ > max_bytes_)
    forget(order_.begin());
}

void hot_rows::begin_commit() {
  const std::lock_guard lock{mutex_};
  ++era_;
}

void hot_rows::end_commit(std::span<change> changes) {
  const std::lock_guard lock{mutex_};
  ++era_;
  for (auto& [key, now] : changes)
    if (const auto found = places_.find(key); found != places_.end()) {
      auto& one = *found->second;
      bytes_ -= one.bytes;
      one.bytes = size_of(now);
      bytes_ += one.bytes;
      one.state = std::make_shared<const stored_state>(std::move(now));
    }
  while (bytes_ > max_bytes_)
    forget(order_.begin());
}

void hot_rows::end_commit() {
  const std::lock_guard lock{mutex_};
  ++era_;
  places_.clear();
  order_.clear();
  bytes_ = 0;
}

std::size_t hot_rows::bytes() const {
  const std::lock_guard lock{mutex_};
  return bytes_;
}

void hot_rows::forget(std::list<kept>::iterator place) {
  bytes_ -= place->bytes;
  places_.erase(place->key);
  order_.erase(place);
}

} // namespace deja
