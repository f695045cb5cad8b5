#include <deja/transport/index/hot_rows.hpp>

#include <deja/messages/prefetch.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace deja {

namespace {

std::size_t size_of(const entry_key& key) {
  return key.where.org.size() + key.where.project.size() + key.where.domain.size() + key.key.size();
}

// What the containers and the allocator take, more or less, and with it the least that a row takes.
constexpr std::size_t overhead = 224, least_bytes = overhead + sizeof(stored_state);

std::size_t size_of(const stored_state& state) {
  auto size = least_bytes;
  if (const auto& entry = state.entry)
    size += sizeof *entry + size_of(entry->key) + entry->task.size() + entry->output.size();
  if (const auto& row = state.reservation)
    size += sizeof *row + size_of(row->reservation.key) + row->reservation.owner.size();
  return size;
}

} // namespace

std::vector<hot_rows::row> hot_rows::find(std::span<const digest> keys, std::uint64_t& era) {
  std::vector<row> found(keys.size());
  const std::lock_guard lock{mutex_};
  era = era_;
  constexpr std::size_t at_once = 16;
  for (std::size_t first = 0; first < keys.size(); first += at_once) {
    const auto some = keys.subspan(first, std::min(at_once, keys.size() - first));
    std::array<const kept*, at_once> places{};
    for (std::size_t at = 0; at < some.size(); ++at)
      if (const auto place = rows_.find(some[at]); place != rows_.end()) {
        places[at] = &*place;
        place->asked = true;
        prefetch(place->state.get());
      }
    for (std::size_t at = 0; at < some.size(); ++at)
      if (places[at] != nullptr)
        found[first + at] = places[at]->state;
  }
  return found;
}

bool hot_rows::offer(std::span<const change> read, std::uint64_t era) {
  std::vector<kept> fresh;
  fresh.reserve(read.size());
  for (const auto& [key, state] : read)
    if (const auto bytes = size_of(*state); bytes <= max_bytes_)
      fresh.push_back({key, state, bytes});
  const std::lock_guard lock{mutex_};
  if (era != era_ || era % 2 != 0)
    return false;
  for (auto& one : fresh) {
    if (!is_to_be_kept(one))
      continue;
    const auto bytes = one.bytes;
    if (rows_.insert(std::move(one)).second)
      bytes_ += bytes;
  }
  shrink();
  return true;
}

void hot_rows::begin_commit(std::span<const change> changes) {
  const std::lock_guard lock{mutex_};
  ++era_;
  for (const auto& [key, now] : changes)
    if (const auto old = rows_.find(key); old != rows_.end() && old->state != now) {
      bytes_ -= old->bytes;
      rows_.erase(old);
    }
}

void hot_rows::end_commit(std::span<const change> changes) {
  const std::lock_guard lock{mutex_};
  ++era_;
  for (const auto& [key, now] : changes)
    if (const auto bytes = size_of(*now); bytes <= max_bytes_)
      if (rows_.insert({key, now, bytes}).second)
        bytes_ += bytes;
  shrink();
}

void hot_rows::forget() {
  const std::lock_guard lock{mutex_};
  era_ += 2;
  rows_.clear();
  bytes_ = 0;
}

std::size_t hot_rows::bytes() const {
  const std::lock_guard lock{mutex_};
  return bytes_;
}

bool hot_rows::is_to_be_kept(const kept& fresh) {
  if (fresh.bytes <= max_bytes_ - bytes_)
    return true;
  if (read_once_.empty())
    read_once_.resize(std::bit_ceil(max_bytes_ / least_bytes));
  const auto place = digest_hash{}(fresh.key) % read_once_.size();
  std::uint32_t part = 0;
  std::memcpy(&part, fresh.key.data() + sizeof place, sizeof part);
  return std::exchange(read_once_[place], part) == part;
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
