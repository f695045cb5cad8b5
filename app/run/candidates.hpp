#pragma once

#include <deja/app/run/options.hpp>
#include <deja/messages/cache.hpp>
#include <deja/messages/error.hpp>

#include <memory>

namespace deja::run {

/// A remembered call, as a listing tells it.
struct candidate {
  std::string key;
  wall_time stored{};
  digest parts{}; ///< Names the blob with the digests of its key's parts.
};

/// Lists remembered calls that a missed one can be compared with. Blocking.
class candidate_source {
public:
  virtual ~candidate_source() = default;

  /// The calls of that name, newest first, at most `most`; all of a key's parts are known of each.
  /// unimplemented where there is no listing.
  virtual result<std::vector<candidate>> list(const std::string& name, std::size_t most) = 0;
};

/// The listing of the catalog that the options name: a data folder's, or a service's that has
/// Deja's extension. Flyte's five calls list nothing.
std::unique_ptr<candidate_source> open_candidates(const options& asked);

} // namespace deja::run
