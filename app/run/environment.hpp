#pragma once

#include <deja/messages/error.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace deja::run {

/// Environment variables, by name.
using variables = std::map<std::string, std::string>;

/// This process' own.
variables own_variables();

/// The variables that are part of the key, with their values; none where unset. These are PATH,
/// LANG, TZ, those set of LC_*, and those asked for.
std::map<std::string, std::optional<std::string>>
keyed_variables(const variables& all, const std::vector<std::string>& asked_for);

/// What the command sees: the keyed variables, HOME, USER, LOGNAME, SHELL, TMPDIR, TERM, MAKEFLAGS,
/// DEJA_* and those that are passed.
variables visible_variables(const variables& all, const std::vector<std::string>& asked_for,
                            const std::vector<std::string>& passed);

/// Whether a variable can have this name; else invalid_argument.
result<void> check_variable_name(const std::string& name);

} // namespace deja::run
