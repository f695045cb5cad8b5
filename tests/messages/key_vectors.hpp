#pragma once

#include <deja/app/key_line.hpp>

#include <rapidjson/document.h>

#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace deja::testing {

/// What Flyte's own client made of a key's parts.
struct key_vector {
  std::string name;               ///< Where it stands, and what it shows.
  result<catalog_key> asked;      ///< The parts.
  std::optional<std::string> key; ///< None: the client gives an error.
};

/// The vectors of one file in tests/messages/vectors. Throws where it is missing or empty.
inline std::vector<key_vector> read_key_vectors(const std::string& file) {
  const auto path = std::string{DEJA_KEY_VECTORS} + "/" + file;
  std::ifstream lines{path};
  std::vector<key_vector> vectors;
  for (std::string line; std::getline(lines, line);) {
    rapidjson::Document json;
    json.Parse(line.data(), line.size());
    const auto where = path + ":" + std::to_string(vectors.size() + 1);
    if (json.HasParseError() || !json.IsObject() ||
        json.HasMember("key") == json.HasMember("error"))
      throw std::runtime_error{where + " is no key vector"};
    key_vector vector{where, app::parse_key_line(line), std::nullopt};
    if (json.HasMember("name"))
      vector.name += std::string{" ("} + json["name"].GetString() + ")";
    if (json.HasMember("key"))
      vector.key.emplace(json["key"].GetString(), json["key"].GetStringLength());
    vectors.push_back(std::move(vector));
  }
  if (vectors.empty())
    throw std::runtime_error{"no key vectors in " + path};
  return vectors;
}

} // namespace deja::testing
