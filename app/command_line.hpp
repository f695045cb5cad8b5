#pragma once

#include <deja/messages/error.hpp>

#include <CLI/CLI.hpp>

#include <optional>

namespace deja::app {

/// Parses a command's arguments. Where the command is over with that (`--help`, a usage error told
/// on standard error in one line), the exit status; else nothing.
std::optional<int> parse(CLI::App& options, int argc, char** argv, int usage_status = 2);

/// Tells a failure on standard error, `deja: …` in one line, and returns `status`.
int fail(const error& why, int status = 1);

/// Reads a duration as people write it: `500ms`, `10s`, `1.5h`, `2d`. invalid_argument else.
result<std::chrono::nanoseconds> parse_duration(const std::string& text);

/// Gives a flag that was not given the value of an environment variable, where that is set.
void stand_in(std::string& value, const char* variable);

/// For a flag's `check`: refuses an empty text, which is what an unset variable of a script leaves,
/// where a default that stood in for it could be the wrong place to remove things from.
std::string not_empty(const std::string& given);

/// The access token in the first line of a file; empty where no file is named. invalid_argument
/// where it can't be read.
result<std::string> read_token(const std::string& file);

} // namespace deja::app
