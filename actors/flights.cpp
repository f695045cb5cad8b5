#include <deja/actors/flights.hpp>

#include <algorithm>
#include <array>
#include <random>

namespace deja {

namespace {

std::string random_owner() {
  std::random_device random;
  std::array<std::uint32_t, 4> bits{};
  std::generate(bits.begin(), bits.end(), std::ref(random));
  std::string text;
  for (const auto word : bits) {
    std::array<char, 9> hex{};
    std::snprintf(hex.data(), hex.size(), "%08x", word);
    text += hex.data();
  }
  return text;
}

} // namespace

flights::flights() : owner_(random_owner()) {}

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
