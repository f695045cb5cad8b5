#pragma once

#include <deja/transport/blob/file_descriptor.hpp>

#include <string>
#include <sys/stat.h>

namespace deja {

/// A name in a folder: what system calls of the `…at` kind take.
struct folder_entry {
  file_descriptor folder;
  std::string name; ///< Without slashes.
};

/// A folder tree that nothing leads out of: names are walked part by part without following
/// symbolic links. Safe to use from many threads.
class local_folder {
public:
  /// Opens the folder `path`, and makes it if need be.
  static result<local_folder> open(const std::string& path);

  const std::string& path() const { return path_; }

  int descriptor() const { return root_.get(); }

  /// The last folder on the way to `name`, and the name in it. `make`: folders that are missing are
  /// made, durably. Errors: not_found, invalid_argument (a symbolic link on the way),
  /// failed_precondition (a file on the way, with `make`), unavailable (the tree itself is gone).
  result<folder_entry> resolve(const std::string& name, bool make) const;

  /// The regular file with that name, open to be read. A folder is not_found.
  result<file_descriptor> open_file(const std::string& name, struct ::stat& facts) const;

private:
  local_folder(std::string path, file_descriptor root)
      : path_(std::move(path)), root_(std::move(root)) {}

  error missing(const std::string& name) const;
  error cannot_enter(int folder, const std::string& part, const std::string& name, bool make,
                     int number) const;

  std::string path_;
  file_descriptor root_;
};

} // namespace deja
