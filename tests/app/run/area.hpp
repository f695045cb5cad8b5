#pragma once

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <stdlib.h>

/// A temporary folder with files in it, gone at the end of the case.
struct area {
  area() {
    std::string made = std::filesystem::temp_directory_path() / "deja-test-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(made.data()));
    folder = std::filesystem::canonical(made);
  }

  area(const area&) = delete;
  area& operator=(const area&) = delete;

  ~area() { std::filesystem::remove_all(folder); }

  std::filesystem::path operator/(const std::string& name) const { return folder / name; }

  void write(const std::string& name, const std::string& text, bool executable = false) const {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream{folder / name, std::ios::binary} << text;
    namespace fs = std::filesystem;
    fs::permissions(folder / name, fs::perms{executable ? 0755u : 0644u});
  }

  std::string read(const std::string& name) const {
    std::ifstream file{folder / name, std::ios::binary};
    BOOST_REQUIRE_MESSAGE(file, "there is no " << name);
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  void link(const std::string& name, const std::string& target) const {
    std::filesystem::create_symlink(target, folder / name);
  }

  bool has(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(folder / name));
  }

  /// How many things lie in the folder.
  std::ptrdiff_t count(const std::string& name = ".") const {
    std::filesystem::directory_iterator items{folder / name};
    return std::distance(begin(items), end(items));
  }

  std::filesystem::path folder;
};
