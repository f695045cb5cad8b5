#pragma once

#include <deja/messages/cache.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace deja::run {

/// What `deja run` was asked for.
struct options {
  std::string server;     ///< URL of a service; empty: embedded.
  std::string data;       ///< The data folder; empty: the default one.
  std::string store;      ///< URL of a blob store for contents; empty: the service's or folder's.
  std::string index;      ///< `sqlite:PATH`; empty: the folder's own.
  std::string token_file; ///< Holds the access token for the service; may be empty.
  std::string name;       ///< The entry's name; empty: the tool's base name.
  std::string cache_version; ///< The user's.
  std::vector<std::string> inputs, outputs, tools;
  std::vector<std::string> keyed_variables, passed_variables;
  bool standard_input = false;
  std::optional<std::string> depfile;  ///< Where the tool tells what else it read.
  std::optional<std::string> root;     ///< Folders below it share entries.
  std::optional<std::string> platform; ///< Instead of what the machine says.
  duration max_age{};                  ///< Older entries are misses; zero: any age.
  bool refresh = false;
  bool read_only = false;
  bool verify = false;  ///< Compute even on a hit, and compare.
  bool explain = false; ///< Say hit or miss, and why.
  bool no_wait = false;
  std::optional<duration> wait_timeout;
  bool require_cache = false;
  std::string report;               ///< A file for one JSON line; may be empty.
  std::vector<std::string> command; ///< Never empty.
};

/// Reads the command line; `--help` and wrong usage give the exit status, having told why.
/// DEJA_SERVER, DEJA_DATA and DEJA_TOKEN_FILE stand for the flags that aren't given.
std::variant<options, int> parse_options(int argc, char** argv);

/// Deja's own failures end with this status, so that they can't be taken for the command's.
constexpr int own_failure = 125;

} // namespace deja::run
