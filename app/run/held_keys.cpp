#include <deja/app/run/held_keys.hpp>
#include <deja/messages/sha256.hpp>

namespace deja::run {

bool is_held_above(const variables& environment, std::string_view key) {
  const auto found = environment.find(held_keys);
  // Digests, since a key may contain anything.
  return found != environment.end() &&
         found->second.find(to_hex(sha256::of(key))) != std::string::npos;
}

void add_held(variables& environment, std::string_view key) {
  auto& list = environment[held_keys];
  list += (list.empty() ? "" : ":") + to_hex(sha256::of(key));
}

} // namespace deja::run
