#pragma once
#include <deja/messages/catalog.hpp>
namespace deja {
inline digest content_digest(const cacheservice::CachedOutput& output) {
  auto copy = output; copy.clear_metadata(); return sha256::of(copy.SerializeAsString());
}
}
