#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace deja::testing {

/// Which random messages the library and the reference are compared on. A message depends on the
/// seed and its number alone.
struct comparison_plan {
  std::uint64_t seed = 1;
  std::uint64_t first = 0; ///< The number of the first message.
  std::uint64_t messages = 20'000;
  unsigned threads = 1;
};

/// What came of it.
struct comparison {
  /// How many hashes and errors there were of each type. Under `make_key` the parts of whole keys,
  /// under `inputs_hash` LiteralMaps that are hashed down.
  struct tally {
    std::uint64_t hashes = 0;
    std::uint64_t errors = 0;
  };

  std::map<std::string, tally> tallies;
  /// Seed, number and text of messages on which the two differ; of many, the first found.
  std::vector<std::string> differences;
};

/// Compares object_hash, inputs_hash and make_key with the reference.
comparison compare_with_reference(const comparison_plan& plan);

} // namespace deja::testing
