#include <deja/app/key_parts.hpp>

#include <deja/messages/base64.hpp>
#include <deja/messages/key.hpp>
#include <deja/messages/object_hash.hpp>

namespace deja::app {

namespace {

constexpr std::size_t identifier_letters = 44, interface_letters = 8, inputs_letters = 43;

std::vector<named_part> fields_of(const core::Identifier& task) {
  const auto& type = core::ResourceType_Name(task.resource_type());
  return {{"resource_type", type.empty() ? std::to_string(task.resource_type()) : type},
          {"project", task.project()},
          {"domain", task.domain()},
          {"name", task.name()},
          {"org", task.org()}};
}

result<std::vector<named_part>> variables_of(const core::VariableMap& all) {
  std::vector<named_part> variables;
  for (const auto& variable : all.variables()) {
    core::VariableMap alone;
    *alone.add_variables() = variable;
    const auto hash = object_hash(alone, "interface");
    if (!hash)
      return hash.error();
    variables.push_back(
        {variable.key(), to_base64_url(bytes_of(*hash)).substr(0, interface_letters)});
  }
  return variables;
}

input_use use_of(const catalog_key& key, const std::string& name, const core::Literal& literal) {
  if (!key.interface->has_inputs())
    return input_use::unknown;
  if (key.ignored_inputs.contains(name))
    return input_use::ignored;
  return literal.hash().empty() ? input_use::value : input_use::hash;
}

result<std::vector<input_part>> inputs_of(const catalog_key& key) {
  std::vector<input_part> inputs;
  const auto* given = std::get_if<shared<core::LiteralMap>>(&key.inputs);
  if (given == nullptr || !*given)
    return inputs;
  std::map<std::string_view, const core::Literal*> sorted;
  for (const auto& [name, literal] : (*given)->literals())
    sorted.emplace(name, &literal);
  for (const auto& [name, literal] : sorted) {
    core::LiteralMap alone;
    const std::string text{name};
    (*alone.mutable_literals())[text] = *literal;
    const auto hash = inputs_hash(alone, {});
    // What doesn't count may be of no hash.
    const auto use = use_of(key, text, *literal);
    if (!hash && (use == input_use::value || use == input_use::hash))
      return hash.error();
    inputs.push_back({text, hash ? to_base64_url(bytes_of(*hash)) : "", use});
  }
  return inputs;
}

bool counts(const input_part& input) {
  return input.use == input_use::value || input.use == input_use::hash;
}

/// Compares things by their names; those in neither are found equal.
class by_name {
public:
  by_name(std::string part, const std::string& one, const std::string& other,
          std::vector<key_difference>& told)
      : part_(std::move(part)), one_(one), other_(other), told_(told) {}

  void operator()(const std::map<std::string, std::string>& left,
                  const std::map<std::string, std::string>& right) {
    for (const auto& [name, value] : left) {
      const auto found = right.find(name);
      if (found == right.end())
        told_.push_back({part_, name, "only in " + one_});
      else if (found->second != value)
        told_.push_back({part_, name, "differs"});
    }
    for (const auto& [name, value] : right)
      if (!left.contains(name))
        told_.push_back({part_, name, "only in " + other_});
  }

private:
  std::string part_;
  const std::string& one_;
  const std::string& other_;
  std::vector<key_difference>& told_;
};

/// With all values of a name that occurs more than once.
std::map<std::string, std::string> map_of(const std::vector<named_part>& all) {
  std::map<std::string, std::string> map;
  for (const auto& [name, value] : all)
    map[name] += value + '\n';
  return map;
}

/// Those that count.
std::map<std::string, std::string> map_of(const std::vector<input_part>& all) {
  std::map<std::string, std::string> map;
  for (const auto& input : all)
    if (counts(input))
      map[input.name] = input.hash;
  return map;
}

/// What an input that only one of two keys counts is in the other.
void tell_why_not(std::vector<key_difference>& told, const key_parts& left, const key_parts& right,
                  const std::string& one, const std::string& other) {
  const auto unused = [](const key_parts& key, const std::string& name) {
    for (const auto& input : key.input_values)
      if (input.name == name && !counts(input))
        return std::string{input.use == input_use::ignored ? "ignored in "
                                                           : "not taken by the interface in "};
    return std::string{};
  };
  for (auto& difference : told) {
    if (difference.part != "inputs")
      continue;
    if (const auto how = unused(left, difference.name); !how.empty())
      difference.how = how + one;
    else if (const auto why = unused(right, difference.name); !why.empty())
      difference.how = why + other;
  }
}

} // namespace

result<key_parts> take_apart(const catalog_key& key) {
  auto text = make_key(key);
  if (!text)
    return text.error();
  auto taken = variables_of(key.interface->inputs());
  auto given = variables_of(key.interface->outputs());
  if (!taken || !given)
    return taken ? given.error() : taken.error();
  auto inputs = inputs_of(key);
  if (!inputs)
    return inputs.error();
  key_parts parts;
  std::size_t at = 0;
  for (const auto& [part, length] : {std::pair{&parts.identifier, identifier_letters},
                                     {&parts.taken, interface_letters},
                                     {&parts.given, interface_letters},
                                     {&parts.inputs, inputs_letters}}) {
    *part = text->substr(at, length);
    at += length + 1;
  }
  parts.cache_version = text->substr(at);
  parts.key = std::move(*text);
  parts.identifier_fields = fields_of(*key.identifier);
  parts.version = key.identifier->version();
  parts.taken_variables = std::move(*taken);
  parts.given_variables = std::move(*given);
  parts.input_values = std::move(*inputs);
  return parts;
}

std::vector<key_difference> compare(const key_parts& left, const key_parts& right,
                                    const std::string& one, const std::string& other) {
  std::vector<key_difference> told;
  by_name{"identifier", one, other, told}(map_of(left.identifier_fields),
                                          map_of(right.identifier_fields));
  const auto variables = [&](const char* part, const auto& ours, const auto& theirs) {
    const auto before = told.size();
    by_name{part, one, other, told}(map_of(ours), map_of(theirs));
    if (told.size() == before && ours != theirs)
      told.push_back({part, "", "the variables' order differs"});
  };
  variables("interface inputs", left.taken_variables, right.taken_variables);
  variables("interface outputs", left.given_variables, right.given_variables);
  by_name{"inputs", one, other, told}(map_of(left.input_values), map_of(right.input_values));
  tell_why_not(told, left, right, one, other);
  if (left.cache_version != right.cache_version)
    told.push_back({"cache version", "", "differs"});
  return told;
}

} // namespace deja::app
