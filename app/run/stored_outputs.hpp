#pragma once

#include <deja/app/run/recording.hpp>
#include <deja/app/run/tree.hpp>
#include <deja/messages/catalog.hpp>
#include <deja/transport/blob/content_store.hpp>

namespace deja::run {

/// Where small contents lie: in the entry itself, so that a hit needs no blob.
struct inline_limits {
  std::uint64_t content = 4 * 1024; ///< The largest one, in bytes.
  std::uint64_t entry = 64 * 1024;  ///< All of an entry's together.
};

/// How outputs stand in an entry, as a LiteralMap:
///
/// - an output under `output:` and its printable name; what was said under `console`
/// (recording.hpp).
/// - A file is a Blob (`cas://sha256/…`) or, where it is small, a Binary with its bytes; `hash` is
///   its SHA-256 in hexadecimal digits, metadata `size` in bytes, and `executable`.
/// - A folder is a map from printable relative paths to such literals, with the folder itself under
///   "."; metadata `kind` tells `folder` and `link` (a string, the target) from files. A large one
///   is a MULTIPART Blob that holds this map.
class output_writer {
public:
  output_writer(content_store& blobs, inline_limits limits = {}) : blobs_(blobs), limits_(limits) {}

  /// Adds the output that lies at `place` as `nodes` say, and stores its contents.
  /// failed_precondition where a file is no longer what was read; else what the store says.
  result<void> add(const std::string& name, const std::filesystem::path& place, const tree& nodes);

  /// Adds what was said; nothing where that is nothing.
  result<void> add(recording& said);

  /// Adds bytes that are part of no output, as a file's content.
  result<void> add(const std::string& name, std::string_view bytes);

  /// Bytes of all contents.
  std::uint64_t size() const { return size_; }

  core::LiteralMap finish() { return std::move(outputs_); }

private:
  bool fits(std::uint64_t size);
  result<core::Literal> store_file(const tree_node& node, const std::filesystem::path& place);
  result<core::Literal> store_node(const tree_node& node, const std::filesystem::path& place);
  result<core::Literal> store_folder(const std::filesystem::path& place, const tree& nodes);

  content_store& blobs_;
  inline_limits limits_;
  std::uint64_t inlined_ = 0;
  std::uint64_t size_ = 0;
  core::LiteralMap outputs_;
};

/// A file's content as an entry has it.
struct stored_content {
  digest name{};
  std::uint64_t size = 0;
  std::optional<std::string> bytes; ///< Where it lies in the entry.
};

/// One file, folder or link of a stored output.
struct stored_node {
  tree_node node;         ///< `path` is the relative path as it was, `.` unescaped to empty.
  stored_content content; ///< Of a file.
};

/// A stored output, each folder before its contents.
using stored_tree = std::vector<stored_node>;

/// Reads an output of an entry; a large folder's map comes from the store. data_loss for anything
/// that `output_writer` would not have written: a missing output, names that are absolute or
/// contain
/// `..`, a path below something that is no folder, digests that don't fit; not_found for a missing
/// blob.
result<stored_tree> read_output(const core::LiteralMap& outputs, const std::string& name,
                                content_store& blobs);

/// The bytes that were added by themselves; errors as above.
result<std::string> read_text(const core::LiteralMap& outputs, const std::string& name,
                              content_store& blobs);

/// Opens the recording that a content is. Errors are the store's, and data_loss.
result<temporary_file> fetch_recording(const stored_content& content, content_store& blobs);

/// What was said, if anything.
result<std::optional<stored_content>> read_console(const core::LiteralMap& outputs);

} // namespace deja::run
