#pragma once

#include <deja/transport/blob/file_descriptor.hpp>

#include <filesystem>
#include <string>

namespace deja::run {

/// A file without a name under TMPDIR (else /tmp): it goes when the process goes, however that
/// ends.
class temporary_file {
public:
  /// Errors: those of the file system, as resource_exhausted where it is full.
  static result<temporary_file> create();

  /// Opens a file that is there and takes its name away.
  static result<temporary_file> adopt(const std::filesystem::path& path);

  int get() const { return file_.get(); }

  /// A path that opens the file, for as long as this object lives, within this process.
  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }

  result<void> write(std::string_view bytes);

private:
  explicit temporary_file(file_descriptor file) : file_(std::move(file)) {}

  file_descriptor file_;
};

/// A name for a new file in the folder for temporary files, that no other process uses.
std::filesystem::path temporary_path();

} // namespace deja::run
