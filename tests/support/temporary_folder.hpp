#pragma once

#include <filesystem>
#include <stdexcept>
#include <stdlib.h>
#include <string>

namespace deja::testing {

/// A new folder, removed with all that is in it.
class temporary_folder {
public:
  temporary_folder() {
    std::string name = std::filesystem::temp_directory_path() / "deja-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("making a temporary folder like " + name);
    path_ = name;
  }

  ~temporary_folder() {
    std::error_code ignored; // nothing can be done about what stays
    std::filesystem::remove_all(path_, ignored);
  }

  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

private:
  std::filesystem::path path_;
};

} // namespace deja::testing
