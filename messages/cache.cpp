#include <deja/messages/cache.hpp>

namespace deja {

namespace {

void add_with_length(sha256& hash, std::string_view text) {
  std::array<char, 8> length{};
  for (std::size_t at = 0; at < length.size(); ++at)
    length[at] = static_cast<char>(std::uint64_t{text.size()} >> (8 * at) & 0xffU);
  hash.update(std::string_view{length.data(), length.size()});
  hash.update(text);
}

} // namespace

digest primary_key(const entry_key& key) {
  sha256 hash;
  add_with_length(hash, key.where.org);
  add_with_length(hash, key.where.project);
  add_with_length(hash, key.where.domain);
  add_with_length(hash, key.key);
  return hash.finish();
}

} // namespace deja
