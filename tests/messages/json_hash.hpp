#pragma once

#include <deja/messages/sha256.hpp>

#include <map>
#include <string>
#include <vector>

// The object hash of JSON values, straight from its definition: what the hash of a message has to
// be, written down as the message's JSON form.

namespace deja::testing::json {

inline digest text(std::string_view value) {
  return sha256::of("u" + std::string{value});
}

/// Of the number that has this normal form, for example `+0:1`.
inline digest number(std::string_view normal_form) {
  return sha256::of("f" + std::string{normal_form});
}

inline digest boolean(bool value) {
  return sha256::of(value ? "b1" : "b0");
}

inline digest null() {
  return sha256::of("n");
}

inline digest array(const std::vector<digest>& elements) {
  std::string bytes = "l";
  for (const auto& element : elements)
    bytes += bytes_of(element);
  return sha256::of(bytes);
}

inline digest object(const std::map<std::string, digest>& members) {
  std::map<digest, digest> by_hash;
  for (const auto& [name, value] : members)
    by_hash.emplace(text(name), value);
  std::string bytes = "d";
  for (const auto& [name, value] : by_hash)
    bytes.append(bytes_of(name)).append(bytes_of(value));
  return sha256::of(bytes);
}

} // namespace deja::testing::json
