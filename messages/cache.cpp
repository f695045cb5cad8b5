#include <deja/messages/cache.hpp>

#include <deja/messages/record_hash.hpp>

namespace deja {

digest primary_key(const entry_key& key) {
  return record_hash{}
      .add(key.where.org)
      .add(key.where.project)
      .add(key.where.domain)
      .add(key.key)
      .finish();
}

} // namespace deja
