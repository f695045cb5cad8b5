#pragma once

#include <deja/app/run/digest_memory.hpp>
#include <deja/messages/error.hpp>

#include <functional>

namespace deja::run {

/// Digests files, by the digest memory where they lie still.
class file_digester {
public:
  /// `now` is the wall clock that file stamps are compared with.
  explicit file_digester(digest_memory& memory, std::function<wall_time()> now = {});

  /// The digest of the open regular file whose status is `before`. failed_precondition if it
  /// changes while it is read. `shown` names it in errors.
  result<digest> of(int file, const struct stat& before, const std::filesystem::path& shown);

  /// Smaller files are always read: that is as quick as asking the database.
  static constexpr std::uint64_t worth_remembering = 16 * 1024;

private:
  digest_memory& memory_;
  std::function<wall_time()> now_;
};

} // namespace deja::run
