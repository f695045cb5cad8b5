#pragma once

#include <deja/messages/sha256.hpp>

#include <cstring>
#include <unordered_map>

namespace deja {

/// A digest's bytes are as good as random, so the first of them serve as its hash.
struct digest_hash {
  std::size_t operator()(const digest& value) const {
    std::size_t first = 0;
    std::memcpy(&first, value.data(), sizeof first);
    return first;
  }
};

/// A hash table with digests for keys.
template <class T>
using digest_map = std::unordered_map<digest, T, digest_hash>;

} // namespace deja
