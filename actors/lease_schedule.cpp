#include <deja/actors/lease_schedule.hpp>

#include <algorithm>

namespace deja {

void lease_schedule::plan(std::map<name, lease>::iterator held, time_point due) {
  beats_.erase({held->second.due, held->first});
  held->second.due = due;
  beats_.emplace(due, held->first);
}

void lease_schedule::hold(const name& whose, duration heartbeat, time_point now) {
  const auto held = held_.try_emplace(whose).first;
  held->second.heartbeat = std::max<duration>(heartbeat, std::chrono::milliseconds{1});
  plan(held, now + held->second.heartbeat * 2 / 3);
}

void lease_schedule::retry(const name& whose, time_point now) {
  if (const auto held = held_.find(whose); held != held_.end())
    plan(held, now + held->second.heartbeat / 4);
}

bool lease_schedule::drop(const name& whose) {
  const auto held = held_.find(whose);
  if (held == held_.end())
    return false;
  beats_.erase({held->second.due, whose});
  held_.erase(held);
  return true;
}

std::vector<lease_schedule::beat> lease_schedule::take_due(time_point now) {
  std::vector<beat> due;
  auto until = now;
  while (!beats_.empty() && beats_.begin()->first <= until) {
    if (due.empty())
      until = now + held_.at(beats_.begin()->second).heartbeat / 8;
    const auto whose = beats_.extract(beats_.begin()).value().second;
    due.push_back({whose, held_.at(whose).heartbeat});
  }
  return due;
}

lease_schedule::time_point lease_schedule::next() const {
  return beats_.empty() ? time_point::max() : beats_.begin()->first;
}

} // namespace deja
