#pragma once

#include <deja/messages/sha256.hpp>
#include <deja/transport/blob/blob_store.hpp>

#include <filesystem>
#include <memory>

namespace deja {

/// Blobs named by the SHA-256 of their content, `cas://sha256/<hex>`. What is read is verified; a
/// blob that does not match its name is data_loss and never handed out. Blocking; may be used by
/// many threads at once.
class content_store {
public:
  virtual ~content_store() = default;

  /// Whether the blob is there.
  virtual result<bool> has(const digest& name) = 0;

  /// Stores the file's content. invalid_argument if it is not (or no longer) `name`. If the blob is
  /// there already its age is renewed. The file is only read.
  virtual result<void> put_file(const digest& name, const std::filesystem::path& file) = 0;

  /// Stores bytes.
  virtual result<void> put_bytes(const digest& name, std::string_view bytes) = 0;

  /// Writes the blob, verified, into the new file `file` (must not exist; removed on failure).
  virtual result<void> fetch_file(const digest& name, const std::filesystem::path& file) = 0;

  /// The blob's bytes, verified; resource_exhausted where it is larger than `limit`.
  virtual result<std::string> fetch_bytes(const digest& name, std::uint64_t limit) = 0;
};

/// `cas://sha256/<hex>`.
std::string content_uri(const digest& name);

/// The digest that such a URI names; else invalid_argument.
result<digest> parse_content_uri(std::string_view uri);

/// Where a content lies in a blob store: `deja/cas/sha256/<2 hex>/<hex>` under its root.
std::string content_reference(const digest& name);

/// The content store in a blob store.
std::unique_ptr<content_store> make_content_store(std::shared_ptr<blob_store> blobs);

} // namespace deja
