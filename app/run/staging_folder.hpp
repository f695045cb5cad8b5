#pragma once

#include <deja/transport/blob/file_descriptor.hpp>

#include <filesystem>

namespace deja::run {

/// A new folder `.deja-…` in which things are made before they are renamed to their places beside
/// it. Goes with this object. One that was left behind by a process that was killed is removed by
/// the next that stages in the same place: whoever uses one holds a lock on it.
class staging_folder {
public:
  /// Errors: what the file system says of making a folder in `parent`.
  static result<staging_folder> create(const std::filesystem::path& parent);

  staging_folder(staging_folder&& other) noexcept = default;
  staging_folder& operator=(staging_folder&& other) = delete;
  ~staging_folder();

  const std::filesystem::path& path() const { return path_; }

private:
  staging_folder(std::filesystem::path path, file_descriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  file_descriptor lock_;
};

} // namespace deja::run
