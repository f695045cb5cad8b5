#pragma once

#include <deja/transport/folder/data_folder.hpp>

namespace deja {

/// Says of the holder of reservations that it lives, to those on this machine who use the same data
/// folder: a file of its owner id, with a lock on it. Taken before the first reservation, so where
/// the file lies unlocked its holder has ended. What the holder starts inherits the lock: a
/// computation that outlives its `deja run` is not to be joined by another at once. Best effort:
/// who finds no such file waits for the lease.
class holder_lock {
public:
  /// Also clears away what killed holders have left, a day after they began: until then others can
  /// see that they have ended. The owner id is unique to this holder.
  static result<holder_lock> take(const data_folder& folder, const std::string& owner);

  holder_lock(holder_lock&&) = default;

  /// Let go, after the reservations have been.
  ~holder_lock();

private:
  holder_lock(std::filesystem::path path, file_descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  file_descriptor file_;
};

/// Whether the holder with this owner id had its lock on this machine, since the boot, and has
/// ended with all that it started. One that is only stopped has not.
bool holder_has_ended(const data_folder& folder, const std::string& owner);

} // namespace deja
