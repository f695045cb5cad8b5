#include <deja/app/key_text.hpp>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace deja::app {

namespace {

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

void add(json_writer& to, std::string_view text) {
  to.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void add(json_writer& to, std::string_view name, std::string_view value) {
  to.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  add(to, value);
}

std::string line_of(const rapidjson::StringBuffer& json) {
  return std::string{json.GetString(), json.GetSize()} + '\n';
}

/// A name as it is where that is plain, else in quotes.
std::string shown(std::string_view text) {
  const bool plain = !text.empty() && std::none_of(text.begin(), text.end(), [](char letter) {
    return static_cast<unsigned char>(letter) <= ' ' || letter == '"' || letter == '\x7f';
  });
  if (plain)
    return std::string{text};
  rapidjson::StringBuffer quoted;
  json_writer writer{quoted};
  add(writer, text);
  return {quoted.GetString(), quoted.GetSize()};
}

std::string_view word_for(input_use use) {
  switch (use) {
  case input_use::value:
    return "value";
  case input_use::hash:
    return "hash";
  case input_use::ignored:
    return "ignored";
  case input_use::unknown:
    return "not_taken";
  }
  return "";
}

/// The second column of an input.
std::string describe(const input_part& input) {
  switch (input.use) {
  case input_use::value:
    return input.hash;
  case input_use::hash:
    return input.hash + "  (the hash it is given with stands for it)";
  case input_use::ignored:
    return "not in the key: ignored by cache_ignore_input_vars";
  case input_use::unknown:
    return "not in the key: the interface takes no inputs";
  }
  return "";
}

/// Lines in two columns; the second begins at the same place in all.
class table {
public:
  void add(std::string name, std::string value) {
    lines_.push_back({std::move(name), std::move(value)});
  }

  std::string text() const {
    std::size_t width = 0;
    for (const auto& line : lines_)
      width = std::max(width, std::min<std::size_t>(line.name.size(), 40));
    std::string text;
    for (const auto& [name, value] : lines_)
      text += name + std::string(width + 2 - std::min(width, name.size()), ' ') + value + '\n';
    return text;
  }

private:
  std::vector<named_part> lines_;
};

void add_variables(json_writer& to, const char* name, const std::string& hash,
                   const std::vector<named_part>& variables) {
  to.Key(name);
  to.StartObject();
  add(to, "hash", hash);
  to.Key("variables");
  to.StartArray();
  for (const auto& [variable, value] : variables) {
    to.StartObject();
    add(to, "name", variable);
    add(to, "hash", value);
    to.EndObject();
  }
  to.EndArray();
  to.EndObject();
}

} // namespace

std::string to_text(const key_parts& parts) {
  table lines;
  lines.add("key", shown(parts.key));
  lines.add("identifier", parts.identifier);
  for (const auto& [name, value] : parts.identifier_fields)
    lines.add("  " + name, shown(value));
  if (!parts.version.empty())
    lines.add("  version", shown(parts.version) + "  (not in the key)");
  lines.add("interface inputs", parts.taken);
  for (const auto& [name, value] : parts.taken_variables)
    lines.add("  " + shown(name), value);
  lines.add("interface outputs", parts.given);
  for (const auto& [name, value] : parts.given_variables)
    lines.add("  " + shown(name), value);
  lines.add("inputs", parts.inputs);
  for (const auto& input : parts.input_values)
    lines.add("  " + shown(input.name), describe(input));
  lines.add("cache version", shown(parts.cache_version));
  return lines.text();
}

std::string to_json(const key_parts& parts) {
  rapidjson::StringBuffer json;
  json_writer to{json};
  to.StartObject();
  add(to, "key", parts.key);
  to.Key("identifier");
  to.StartObject();
  add(to, "hash", parts.identifier);
  for (const auto& [name, value] : parts.identifier_fields)
    add(to, name, value);
  to.EndObject();
  to.Key("interface");
  to.StartObject();
  add_variables(to, "inputs", parts.taken, parts.taken_variables);
  add_variables(to, "outputs", parts.given, parts.given_variables);
  to.EndObject();
  to.Key("inputs");
  to.StartObject();
  add(to, "hash", parts.inputs);
  to.Key("values");
  to.StartArray();
  for (const auto& input : parts.input_values) {
    to.StartObject();
    add(to, "name", input.name);
    add(to, "hash", input.hash);
    add(to, "counts_by", word_for(input.use));
    to.EndObject();
  }
  to.EndArray();
  to.EndObject();
  add(to, "cache_version", parts.cache_version);
  to.EndObject();
  return line_of(json);
}

std::string to_text(const std::vector<key_difference>& differences, const key_parts& left,
                    const key_parts& right) {
  if (left.key == right.key)
    return "the same key: " + shown(left.key) + '\n';
  table lines;
  for (const auto& [part, name, how] : differences)
    lines.add(part, (name.empty() ? "" : shown(name) + " ") + how);
  return lines.text();
}

std::string to_json(const std::vector<key_difference>& differences, const key_parts& left,
                    const key_parts& right) {
  rapidjson::StringBuffer json;
  json_writer to{json};
  to.StartObject();
  to.Key("same");
  to.Bool(left.key == right.key);
  to.Key("keys");
  to.StartArray();
  add(to, left.key);
  add(to, right.key);
  to.EndArray();
  to.Key("differences");
  to.StartArray();
  for (const auto& [part, name, how] : differences) {
    to.StartObject();
    add(to, "part", part);
    add(to, "name", name);
    add(to, "how", how);
    to.EndObject();
  }
  to.EndArray();
  to.EndObject();
  return line_of(json);
}

} // namespace deja::app
