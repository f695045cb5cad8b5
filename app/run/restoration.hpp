#pragma once

#include <deja/app/run/staging_folder.hpp>
#include <deja/app/run/stored_outputs.hpp>

#include <map>

namespace deja::run {

/// Puts an entry's outputs where they belong, in two steps: everything is fetched and verified
/// beside its place, then each is put in place by a rename. Dropped before `commit`, no output has
/// changed and nothing stays behind.
class restoration {
public:
  /// Fetches. Errors: data_loss and not_found for a damaged entry or blob, invalid_argument for an
  /// output that would lead out of the working folder (also a link in it out of itself), and what
  /// the file system says.
  static result<restoration> prepare(const core::LiteralMap& outputs,
                                     const std::vector<std::string>& names,
                                     const std::filesystem::path& working_folder,
                                     content_store& blobs);

  /// Replaces what lies at the outputs' places. An error leaves each output either old or new.
  result<void> commit();

  /// What the command said; nothing where that is nothing.
  const std::optional<temporary_file>& said() const { return said_; }

  /// Bytes of all that was restored.
  std::uint64_t size() const { return size_; }

private:
  struct placement {
    std::filesystem::path made;  ///< In a staging folder beside the place.
    std::filesystem::path place; ///< Where it belongs.
  };

  restoration() = default;

  result<void> fetch(const stored_tree& nodes, const std::filesystem::path& place,
                     content_store& blobs);
  result<void> fetch_console(const core::LiteralMap& outputs, content_store& blobs);

  std::map<std::filesystem::path, staging_folder> staging_; ///< By the folder it lies in.
  std::vector<placement> placements_;
  std::optional<temporary_file> said_;
  std::uint64_t size_ = 0;
};

} // namespace deja::run
