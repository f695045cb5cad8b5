#include <deja/actors/flights.hpp>

#include <deja/messages/random_digits.hpp>

namespace deja {

flights::flights() : owner_(random_digits()) {}

flight& flights::add(flight_key key, memoization_options options) {
  const auto id = ++last_;
  options.owner = owner_ + '-' + std::to_string(id);
  by_key_.emplace(key, id);
  flight one{id, std::move(key), options.owner, memoization{options}};
  return by_id_.emplace(id, std::move(one)).first->second;
}

void flights::remove(const flight& one) {
  by_key_.erase(one.key);
  by_id_.erase(std::uint64_t{one.id});
}

void flights::clear() {
  by_key_.clear();
  by_id_.clear();
}

flight* flights::find(std::uint64_t id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

flight* flights::find(const flight_key& key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : find(found->second);
}

} // namespace deja
