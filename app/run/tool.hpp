#pragma once

#include <deja/app/run/environment.hpp>

#include <filesystem>

namespace deja::run {

/// A command's executable.
struct tool {
  std::filesystem::path
      path; ///< What is executed, as found; relative to the working folder or not.

  /// All files that make it: itself, and for a script its interpreter; behind `/usr/bin/env X` also
  /// X. A file that is neither a binary nor says its interpreter is run by /bin/sh.
  std::vector<std::filesystem::path> files;
};

/// Finds the command as execvp does, by the PATH among `seen`. not_found where there is none,
/// permission_denied where what is there can't be executed.
result<tool> find_tool(const std::string& command, const variables& seen);

} // namespace deja::run
