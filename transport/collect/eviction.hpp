#pragma once

#include <deja/messages/cache.hpp>

#include <cstddef>
#include <vector>

namespace deja {

/// An entry that may have to go.
struct eviction_candidate {
  entry_key key;
  std::uint64_t generation = 0;
  wall_time accessed{};
  std::uint64_t size = 0;  ///< Its own.
  std::uint64_t bytes = 0; ///< Of it and of the contents it names.
};

/// How much has to go.
struct surplus {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;

  bool none() const { return entries == 0 && bytes == 0; }
};

/// How much is above a cap, down to 5 % below it; nothing where it is not above.
std::uint64_t over(std::uint64_t now, std::uint64_t cap);

/// Those of a sample that go, the longest unused first, until `left` is none; `left` is what is
/// left then. Where the sample is not `all` there is, at most a sixteenth of it: each one that goes
/// is among the sixteenth of a random sample that was unused longest.
std::vector<eviction_candidate> evicted(std::vector<eviction_candidate> sample, bool all,
                                        surplus& left);

} // namespace deja
