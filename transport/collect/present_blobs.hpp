#pragma once

#include <deja/messages/cache.hpp>
#include <deja/transport/blob/blob_store.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace deja {

/// Whether what an entry names lies in a store, remembered for a while where it does. What is not
/// in this store is another's affair, and counts as there. Thread-safe.
class present_blobs {
public:
  struct limits {
    duration remembered = std::chrono::minutes{1};
    std::size_t blobs = 65'536; ///< Remembered at once; with one more all are forgotten.
  };

  /// `root`: the store's URL. References that start with it and a slash lie in it.
  present_blobs(std::shared_ptr<blob_store> blobs, std::string root)
      : present_blobs(std::move(blobs), std::move(root), limits{}) {}

  present_blobs(std::shared_ptr<blob_store> blobs, std::string root, limits what,
                std::function<wall_time()> now = std::chrono::system_clock::now);

  /// Whether all is there, where that is remembered; never blocks.
  std::optional<bool> recall(const entry& one);

  /// Looks. False only where something is certainly gone: not where the store can't say.
  bool look(const entry& one);

private:
  std::vector<std::string> references_of(const entry& one) const;
  bool is_known(const std::string& reference);
  void remember(const std::string& reference);

  const std::shared_ptr<blob_store> blobs_;
  const std::string root_;
  const limits limits_;
  const std::function<wall_time()> now_;
  std::mutex mutex_; ///< For what follows.
  std::unordered_map<std::string, wall_time> seen_;
};

} // namespace deja
