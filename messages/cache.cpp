#include <deja/messages/cache.hpp>

#include <deja/messages/hash_lanes.hpp>
#include <deja/messages/record_hash.hpp>

namespace deja {

namespace {

std::array<const std::string*, 4> texts_of(const entry_key& key) {
  return {&key.where.org, &key.where.project, &key.where.domain, &key.key};
}

} // namespace

digest primary_key(const entry_key& key) {
  record_hash hash;
  for (const auto* text : texts_of(key))
    hash.add(*text);
  return hash.finish();
}

std::vector<digest> primary_keys(std::span<const entry_key> keys) {
  std::vector<digest> all(keys.size());
  if (keys.size() == 1) {
    all.front() = primary_key(keys.front());
    return all;
  }
  hash_lanes lanes;
  for (std::size_t at = 0; at < keys.size(); ++at) {
    const auto texts = texts_of(keys[at]);
    std::size_t size = 0;
    for (const auto* text : texts)
      size += record_hash::size_of(*text);
    if (size > hash_lanes::most_size) {
      all[at] = primary_key(keys[at]);
      continue;
    }
    auto* to = lanes.next(size);
    for (const auto* text : texts)
      to = record_hash::write(*text, to);
    lanes.take(all[at]);
  }
  lanes.flush();
  return all;
}

} // namespace deja
