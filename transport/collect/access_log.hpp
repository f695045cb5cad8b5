#pragma once

#include <deja/messages/digest_map.hpp>
#include <deja/messages/operation.hpp>

#include <mutex>

namespace deja {

/// Which entries were used, so that this is recorded without a write for each use: uses are noted
/// here, and every few seconds whoever flushes takes them as touches, one an entry. A crash loses
/// the uses since the last flush; an entry then counts as unused since the one before. Thread-safe.
class access_log {
public:
  struct limits {
    /// A use is noted only where the recorded one differs by more than this. Not exact where the
    /// index's clock and this machine's are apart: then a use may be noted at each flush.
    duration grain = std::chrono::minutes{1};
    std::size_t keys = 65'536; ///< Noted at once; uses of further entries are not noted.
  };

  access_log() : access_log(limits{}) {}

  explicit access_log(limits what) : limits_(what) {}

  /// The entry is used now.
  void note(const entry& used, wall_time now);

  /// Takes at most so many of what was noted; empty where nothing is left.
  std::vector<operation> take(std::size_t most);

private:
  const limits limits_;
  std::mutex mutex_; ///< For what follows.
  digest_map<entry_key> noted_;
};

} // namespace deja
