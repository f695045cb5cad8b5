#pragma once

#include <deja/messages/last_task.hpp>
#include <deja/messages/record_hash.hpp>

namespace deja {

/// Makes what items are known by in the index of a queue: SHA-256 over the task (identifier and
/// interface), the cache version, the ignored names, the inputs' bytes and the target. Two items
/// with the same identity are the same work. The inputs must have been read: where they only are
/// to be read from a place, the place stands for them. Not thread-safe.
class work_identities {
public:
  digest of(const download_request& item);

  /// With the outputs or the place they lie at, and the condition, instead of the target.
  digest of(const catalog_put& item);

private:
  record_hash hash_of(const shared<catalog_key>& key);
  const record_hash& hash_of_task(const core::Identifier& identifier,
                                  const shared<core::TypedInterface>& interface);

  last_task last_;
  record_hash task_; // what the last task adds
};

} // namespace deja
