#include <deja/app/load/scenario.hpp>

#include <deja/app/load/built_in_scenarios.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <yaml-cpp/yaml.h>

namespace deja::app::load {

namespace {

error wrong(const std::string& why) {
  return {errc::invalid_argument, why};
}

std::string known_fields() {
  std::string all;
  for (const auto& one : text_options())
    all += (all.empty() ? "" : ", ") + std::string{one.name};
  for (const auto& one : switches())
    all += ", " + std::string{one.name};
  return all;
}

/// `{get: 90, put: 5}` as `--mix` has it.
result<std::string> mix_of(const YAML::Node& map) {
  std::string all;
  for (const auto& one : map) {
    if (!one.first.IsScalar() || !one.second.IsScalar())
      return wrong("the field mix is no map of operations to weights");
    all += (all.empty() ? "" : ",") + one.first.Scalar() + '=' + one.second.Scalar();
  }
  return all;
}

result<void> read_field(load_options& into, const std::string& name, const YAML::Node& value) {
  for (const auto& one : switches())
    if (name == one.name) {
      if (!value.IsScalar() || (value.Scalar() != "true" && value.Scalar() != "false"))
        return wrong("the field " + name + " is neither true nor false");
      into.*one.is_on = value.Scalar() == "true";
      return {};
    }
  for (const auto& one : text_options())
    if (name == one.name) {
      if (name == "mix" && value.IsMap()) {
        const auto mix = mix_of(value);
        if (!mix)
          return mix.error();
        into.mix = *mix;
        return {};
      }
      if (!value.IsScalar())
        return wrong("the field " + name + " is no single value");
      into.*one.text = value.Scalar();
      return {};
    }
  return wrong("there is no field \"" + name + "\"; there are " + known_fields());
}

} // namespace

result<load_options> parse_scenario(const std::string& text, const std::string& name) {
  load_options all;
  try {
    const auto root = YAML::Load(text);
    if (!root.IsMap())
      return wrong("a map of options is wanted");
    for (const auto& one : root)
      if (auto read = read_field(all, one.first.as<std::string>(), one.second); !read)
        return read.error();
  } catch (const YAML::Exception& why) {
    return wrong(why.what());
  }
  if (all.name.empty())
    all.name = name;
  return all;
}

result<load_options> read_scenario(const std::string& name) {
  std::string text;
  for (const auto& one : built_in_scenarios)
    if (one.name == name)
      text = one.text;
  if (text.empty()) {
    std::ifstream file{name};
    std::ostringstream all;
    if (!(all << file.rdbuf()))
      return wrong('"' + name +
                   "\" is neither a file that can be read nor a built-in scenario; "
                   "see --scenario list");
    text = all.str();
  }
  const auto slash = name.rfind('/');
  const auto file_name = slash == name.npos ? name : name.substr(slash + 1);
  auto read = parse_scenario(text, file_name.substr(0, file_name.rfind(".yaml")));
  return read ? read : within(name, read.error());
}

std::string scenario_list() {
  std::string all;
  for (const auto& one : built_in_scenarios) {
    // The first line is a comment that says what it is.
    const auto line = one.text.substr(0, one.text.find('\n'));
    all += std::string{one.name} +
           std::string(one.name.size() < 14 ? 14 - one.name.size() : 1, ' ') +
           std::string{line.substr(std::min<std::size_t>(2, line.size()))} + '\n';
  }
  return all;
}

} // namespace deja::app::load
