#include <deja/actors/waiting_room.hpp>

#include <algorithm>

namespace deja {

std::size_t waiting_room::hash::operator()(const entry_key& key) const {
  return std::hash<std::string>{}(key.key);
}

result<waiting_room::number> waiting_room::enter(wait_request wanted, time_point patience,
                                                 time_point now) {
  if (waiters_.size() >= limits_.waiters)
    return error{errc::resource_exhausted, "waiting for key \"" + wanted.key.key +
                                               "\": " + std::to_string(limits_.waiters) +
                                               " wait at this service already"};
  const auto who = ++last_;
  auto& key = *keys_.try_emplace(wanted.key).first;
  key.second.waiters.insert(who);
  waiters_.emplace(who, waiter{std::move(wanted), patience});
  patience_.emplace(patience, who);
  if (!key.second.asking)
    look_at(key, now);
  return who;
}

void waiting_room::leave(number who) {
  if (waiters_.contains(who))
    forget(who);
}

void waiting_room::changed(std::span<const entry_key> keys, time_point now) {
  for (const auto& one : keys)
    if (const auto found = keys_.find(one); found != keys_.end()) {
      if (found->second.asking)
        found->second.changed = true;
      else
        look_at(*found, now);
    }
}

std::vector<entry_key> waiting_room::due(time_point now) {
  std::vector<entry_key> keys;
  while (keys.size() < limits_.keys_at_once && !looks_.empty() && looks_.begin()->first <= now) {
    auto& [key, state] = *looks_.begin()->second;
    looks_.erase(looks_.begin());
    state.asking = true;
    state.changed = false;
    state.asked = last_;
    keys.push_back(key);
  }
  return keys;
}

std::vector<waiting_room::told> waiting_room::looked_up(std::span<const entry_key> keys,
                                                        std::span<const outcome> found,
                                                        time_point now, wall_time wall) {
  std::vector<told> all;
  for (std::size_t at = 0; at < keys.size(); ++at) {
    const auto place = keys_.find(keys[at]);
    if (place == keys_.end() || !place->second.asking)
      continue;
    auto& key = place->second;
    key.asking = false;
    if (!found[at].why)
      tell(key, found[at], now, wall, all);
    if (key.waiters.empty()) {
      keys_.erase(place);
      continue;
    }
    auto next = now + limits_.look_every;
    // A clock that is ahead of the index's must not have it asked all the time.
    if (key.holder && key.runs_out > now)
      next = std::min<time_point>(next, key.runs_out + std::chrono::milliseconds{1});
    const bool again = key.changed || *key.waiters.rbegin() > key.asked;
    look_at(*place, again ? now : next);
  }
  return all;
}

void waiting_room::tell(watched& key, const outcome& found, time_point now, wall_time wall,
                        std::vector<told>& all) {
  // What it means that nobody holds it follows from what was known before.
  const auto freed = !key.holder           ? wait_event::not_reserved
                     : key.runs_out <= now ? wait_event::expired
                                           : wait_event::released;
  const bool news = take(key, found);
  if (key.holder)
    key.runs_out = now + std::max<duration>(key.holder->expires - wall, duration::zero());
  const auto others = key.waiters.size() - 1;
  // Without news, those who were judged by the same before are not judged again.
  auto next = news ? key.waiters.begin() : key.waiters.upper_bound(key.judged);
  while (next != key.waiters.end() && *next <= key.asked) {
    const auto who = *next++;
    const auto free = who <= key.judged ? freed : wait_event::not_reserved;
    if (const auto event = judge(waiters_.at(who).wanted, key, free)) {
      all.push_back({who, {*event, key.generation, key.holder, others}});
      patience_.erase({waiters_.at(who).patience, who});
      waiters_.erase(who);
      key.waiters.erase(who);
    }
  }
  key.judged = key.asked;
}

bool waiting_room::take(watched& key, const outcome& found) {
  const auto generation =
      found.entry ? std::optional{found.entry->generation} : std::optional<std::uint64_t>{};
  const auto& holder = found.reservation;
  const bool same = generation == key.generation && holder.has_value() == key.holder.has_value() &&
                    (!holder || (holder->owner == key.holder->owner &&
                                 holder->fencing_token == key.holder->fencing_token));
  key.generation = generation;
  key.holder = holder;
  return !same;
}

std::vector<waiting_room::told> waiting_room::out_of_patience(time_point now) {
  std::vector<told> all;
  while (!patience_.empty() && patience_.begin()->first <= now) {
    const auto who = patience_.begin()->second;
    const auto& key = keys_.at(waiters_.at(who).wanted.key);
    all.push_back({who, {wait_event::timeout, key.generation, key.holder, key.waiters.size() - 1}});
    forget(who);
  }
  return all;
}

std::optional<waiting_room::time_point> waiting_room::next_look() const {
  if (looks_.empty())
    return std::nullopt;
  return looks_.begin()->first;
}

std::optional<waiting_room::time_point> waiting_room::next_end() const {
  if (patience_.empty())
    return std::nullopt;
  return patience_.begin()->first;
}

std::size_t waiting_room::waiters_for(const entry_key& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? 0 : found->second.waiters.size();
}

void waiting_room::look_at(watched_keys::value_type& key, time_point when) {
  looks_.erase({key.second.look, &key});
  key.second.look = when;
  looks_.emplace(when, &key);
}

std::optional<wait_event> waiting_room::judge(const wait_request& wanted, const watched& key,
                                              wait_event free) {
  if (key.generation && *key.generation > wanted.newer_than.value_or(0))
    return wait_event::entry;
  if (key.holder || wanted.entry_only)
    return std::nullopt;
  return free;
}

void waiting_room::forget(number who) {
  const auto gone = waiters_.extract(who);
  patience_.erase({gone.mapped().patience, who});
  const auto place = keys_.find(gone.mapped().wanted.key);
  place->second.waiters.erase(who);
  if (!place->second.waiters.empty() || place->second.asking)
    return; // while it is being asked, the answer needs its place
  looks_.erase({place->second.look, &*place});
  keys_.erase(place);
}

} // namespace deja
