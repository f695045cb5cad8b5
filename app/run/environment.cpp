#include <deja/app/run/environment.hpp>

#include <array>
#include <string_view>

#include <unistd.h>

namespace deja::run {

variables own_variables() {
  variables all;
  for (char** item = environ; item && *item; ++item) {
    const std::string_view text = *item;
    const auto equals = text.find('=');
    // As getenv has it, the first of two with one name counts.
    if (equals != std::string_view::npos)
      all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

std::map<std::string, std::optional<std::string>>
keyed_variables(const variables& all, const std::vector<std::string>& asked_for) {
  std::map<std::string, std::optional<std::string>> keyed;
  const auto take = [&](const std::string& name) {
    const auto found = all.find(name);
    keyed[name] = found == all.end() ? std::nullopt : std::optional{found->second};
  };
  for (const auto* name : {"PATH", "LANG", "TZ"})
    take(name);
  for (const auto& [name, value] : all)
    if (name.starts_with("LC_"))
      keyed[name] = value;
  for (const auto& name : asked_for)
    take(name);
  return keyed;
}

variables visible_variables(const variables& all, const std::vector<std::string>& asked_for,
                            const std::vector<std::string>& passed) {
  variables visible;
  for (const auto& [name, value] : keyed_variables(all, asked_for))
    if (value)
      visible[name] = *value;
  const auto pass = [&](const std::string& name) {
    if (const auto found = all.find(name); found != all.end())
      visible.insert(*found);
  };
  for (const auto* name : {"HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TERM", "MAKEFLAGS"})
    pass(name);
  for (const auto& [name, value] : all)
    if (name.starts_with("DEJA_"))
      visible[name] = value;
  for (const auto& name : passed)
    pass(name);
  return visible;
}

result<void> check_variable_name(const std::string& name) {
  if (!name.empty() && name.find('=') == std::string::npos)
    return {};
  return error{errc::invalid_argument,
               "\"" + name + "\" is no variable's name: -e and --pass take a name, not a value"};
}

} // namespace deja::run
