#pragma once

#include <deja/messages/cache.hpp>
#include <deja/transport/blob/file_descriptor.hpp>

#include <filesystem>

namespace deja {

/// An exclusive or shared `flock`, held until it is destroyed. Errors other than unavailable say
/// that the lock can't be had at all.
class file_lock {
public:
  /// Locks the file, made if need be, for use beside others; unavailable where another holds it
  /// for itself alone.
  static result<file_lock> share(const std::filesystem::path& file);

  /// Unavailable also where another waits for it: else those who share it by turns may never all be
  /// gone at once. Not for who shares it already, which the other waits for.
  static result<file_lock> share_in_turn(const std::filesystem::path& file);

  /// Locks it for this holder alone, waiting at most `patience`; else unavailable.
  static result<file_lock> take(const std::filesystem::path& file, duration patience);

private:
  explicit file_lock(file_descriptor file) : file_(std::move(file)) {}

  static result<file_lock> lock(const std::filesystem::path& file, int how);

  file_descriptor file_;
};

} // namespace deja
