#pragma once

#include <deja/app/load/options.hpp>

namespace deja::app::load {

/// Reads a scenario: the built-in one of that name, or a YAML file of `deja load`'s options, one a
/// field, as in
///
///     connections: 64
///     mix: {get: 90, put: 5, reserve: 5}
///     steps: 1000:10s,2000:10s
///
/// invalid_argument where it can't be read, or names what is no option.
result<load_options> read_scenario(const std::string& name);

/// The same from a text; `name` is what the run is called unless the scenario says.
result<load_options> parse_scenario(const std::string& text, const std::string& name);

/// The built-in ones, a line each: name and what it is.
std::string scenario_list();

} // namespace deja::app::load
