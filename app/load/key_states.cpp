#include <deja/app/load/key_states.hpp>

namespace deja::app::load {

std::optional<std::uint32_t> version_table::begin_write(std::uint64_t key) {
  auto now = keys_[key].load();
  if (now.answered != now.begun)
    return std::nullopt;
  const state next{now.answered, now.begun + 1};
  if (!keys_[key].compare_exchange_strong(now, next))
    return std::nullopt;
  return next.begun;
}

void version_table::written(std::uint64_t key) {
  const auto now = keys_[key].load();
  keys_[key].store({now.begun, now.begun});
}

void version_table::not_written(std::uint64_t key) {
  const auto now = keys_[key].load();
  keys_[key].store({now.answered, now.answered});
}

holder_table::claim holder_table::take(std::uint64_t key, std::uint64_t owner) {
  std::uint64_t holder = 0;
  if (keys_[key].compare_exchange_strong(holder, owner))
    return claim::taken;
  return holder == owner ? claim::own_already : claim::other;
}

void holder_table::let_go(std::uint64_t key, std::uint64_t owner) {
  keys_[key].compare_exchange_strong(owner, 0);
}

} // namespace deja::app::load
