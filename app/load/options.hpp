#pragma once

#include <deja/app/load/settings.hpp>

namespace deja::app::load {

/// What `deja load` was asked for, as texts: by flags, or by a scenario's fields of the same names.
/// Empty, or false: not given.
struct load_options {
  std::string name{};
  std::string target{}, token_file{};
  std::string op{}, mix{};
  std::string connections{}, threads{}, batch{}, encoding{};
  std::string duration{}, rate{}, steps{}, ramp{}, arrivals{}, timeout{}, goal{};
  std::string keys{}, distribution{}, value_size{}, seed{};
  bool find_limit = false, no_fill = false;
};

/// One of them: its name is that of the flag without dashes, and of a scenario's field.
struct load_option {
  const char* name;
  std::string load_options::*text;
  const char* type;
  const char* help;
};

std::span<const load_option> text_options();

struct load_switch {
  const char* name;
  bool load_options::*is_on;
  const char* help;
};

std::span<const load_switch> switches();

/// Those of `first`, and where one isn't given there, that of `second`, unless the two contradict
/// each other.
load_options merged(load_options first, load_options second);

/// invalid_argument, with the flag, the value and what it may be, where one is wrong or two
/// contradict each other.
result<settings> read_settings(const load_options& asked);

} // namespace deja::app::load
