#pragma once

#include <deja/messages/error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace deja {

/// What is known of a blob without reading it.
struct blob_info {
  std::uint64_t size = 0;
  std::string etag; ///< Where the backend has one.
  std::chrono::sys_time<std::chrono::nanoseconds> modified{};
};

/// A blob being read, piece by piece.
class blob_reader {
public:
  virtual ~blob_reader() = default;

  virtual std::uint64_t size() const = 0;

  /// Fills `buffer` from where the last call ended; the number of bytes, 0 at the end.
  virtual result<std::size_t> read(std::span<char> buffer) = 0;
};

/// A blob being written. It becomes visible, whole and durable, with `commit`; dropped without
/// that, nothing of it stays.
class blob_writer {
public:
  virtual ~blob_writer() = default;
  virtual result<void> write(std::string_view bytes) = 0;
  virtual result<void> commit() = 0;
};

/// One page of references, in order. `next` is the cursor for the next page; empty on the last.
struct blob_page {
  std::vector<std::string> references;
  std::string next;
};

/// Some blobs together.
struct blob_sum {
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
};

/// One backend of the data store. References are URLs `scheme://container/key`; a reference
/// without a scheme is taken under the backend's root. Blocking; may be used by many threads at
/// once. Errors: not_found (the container is there, the blob is not), invalid_argument (a reference
/// that leads out of the root), resource_exhausted (disk full, over a limit), unimplemented (a
/// scheme that the store has not; the text names those it has), permission_denied, unavailable.
class blob_store {
public:
  virtual ~blob_store() = default;

  virtual result<blob_info> head(const std::string& reference) = 0;
  virtual result<std::unique_ptr<blob_reader>> open(const std::string& reference) = 0;
  virtual result<std::unique_ptr<blob_writer>> create(const std::string& reference) = 0;
  virtual result<void> copy(const std::string& from, const std::string& to) = 0;

  /// At most `limit` references that start with `prefix`, after `cursor`.
  virtual result<blob_page> list(const std::string& prefix, const std::string& cursor,
                                 std::size_t limit) = 0;

  /// Deletes it; not_found where there is none.
  virtual result<void> remove(const std::string& reference) = 0;

  /// Renews the blob's age, so that a collector spares it.
  virtual result<void> touch(const std::string& reference) = 0;

  /// Deletes the blob unless it was written or renewed since `before`; whether it did. A renewal at
  /// the same time either keeps the blob or fails with not_found, so that whoever renews it writes
  /// it anew. not_found where there is none.
  virtual result<bool> remove_if_older(const std::string& reference,
                                       std::chrono::sys_time<std::chrono::nanoseconds> before) = 0;

  /// Deletes what writers that never ended have left since before `before`: how much that was. With
  /// `dry`, how much it would be.
  virtual result<blob_sum> remove_unfinished(std::chrono::sys_time<std::chrono::nanoseconds> before,
                                             bool dry) {
    (void)before, (void)dry;
    return blob_sum{};
  }

  /// A URL that others may read it by for a while; unimplemented where the backend has none.
  virtual result<std::string> sign(const std::string& reference,
                                   std::chrono::nanoseconds valid) = 0;

  /// Whether its calls return at once, so that they need no thread to wait on.
  virtual bool is_quick() const { return false; }

  /// The whole blob; resource_exhausted where it is larger than `limit` bytes.
  result<std::string> read(const std::string& reference, std::uint64_t limit);

  /// Writes it whole, replacing what is there.
  result<void> write(const std::string& reference, std::string_view bytes);
};

/// `file:///path` or a bare path (root of all references), `mem://name`. The store owns nothing
/// outside its root.
result<std::shared_ptr<blob_store>> open_blob_store(const std::string& url);

} // namespace deja
