#include <deja/app/run/fingerprint.hpp>
#include <deja/messages/record_hash.hpp>

#include <algorithm>

namespace deja::run {

namespace {

namespace fs = std::filesystem;

/// The path below the root where there is one, else as it is; marked, so that the two never meet.
std::vector<std::string> below(const std::optional<fs::path>& root, const fs::path& path) {
  if (root) {
    const auto relative = path.lexically_relative(*root);
    if (!relative.empty() && *relative.begin() != "..")
      return {"below the root", relative.native()};
  }
  return {"absolute", path.native()};
}

void add_stamps(const tree& nodes, std::vector<file_stamp>& stamps) {
  for (const auto& node : nodes)
    if (node.kind == node_kind::file)
      stamps.push_back(node.stamp);
}

/// Content alone does not make a tool: some, like Python, look for their libraries from where they
/// lie, so that counts as well.
result<key_part> tool_part(const std::vector<fs::path>& files, const circumstances& around,
                           const std::optional<fs::path>& root, file_digester& digester) {
  key_part tool;
  tool.name = "tool";
  record_hash hash;
  for (const auto& file : files) {
    auto nodes = read_tree(around.working_folder / file, root_link::follow, digester);
    if (!nodes)
      return nodes.error();
    std::error_code problem;
    const auto lies = fs::canonical(around.working_folder / file, problem);
    if (problem)
      return error{errc::not_found, "can't find \"" + file.native() + "\": " + problem.message()};
    for (const auto& text : below(root, lies))
      hash.add(text);
    hash.add(bytes_of(digest_of(*nodes)));
    add_stamps(*nodes, tool.stamps);
  }
  tool.value = hash.finish();
  return tool;
}

digest digest_of_value(const std::optional<std::string>& value) {
  return value ? record_hash{}.add("set").add(*value).finish()
               : record_hash{}.add("unset").finish();
}

result<void> add_contents(const options& asked, const circumstances& around,
                          file_digester& digester, std::vector<key_part>& parts) {
  const auto add = [&](const char* prefix, const std::string& name) -> result<void> {
    if (name.empty())
      return error{errc::invalid_argument, std::string{prefix} + " a path is empty"};
    auto nodes = read_tree(around.working_folder / name, root_link::follow, digester);
    if (!nodes)
      return nodes.error();
    const bool folder = nodes->front().kind == node_kind::folder;
    key_part part{prefix + printable(name), digest_of(*nodes),
                  folder ? part_type::folder : part_type::file};
    add_stamps(*nodes, part.stamps);
    parts.push_back(std::move(part));
    return {};
  };
  for (const auto& name : asked.inputs)
    if (auto done = add("input:", name); !done)
      return within("input", done.error());
  for (const auto& name : asked.tools)
    if (auto done = add("tool:", name); !done)
      return within("tool", done.error());
  return {};
}

core::LiteralType type_of(part_type type) {
  core::LiteralType literal;
  if (type == part_type::text)
    literal.set_simple(core::STRING);
  else
    literal.mutable_blob()->set_dimensionality(type == part_type::folder ? core::BlobType::MULTIPART
                                                                         : core::BlobType::SINGLE);
  return literal;
}

void declare(core::VariableMap& variables, const std::string& name, core::LiteralType type) {
  auto& variable = *variables.add_variables();
  variable.set_key(name);
  *variable.mutable_value()->mutable_type() = std::move(type);
}

} // namespace

result<std::optional<fs::path>> root_of(const options& asked, const circumstances& around) {
  if (!asked.root)
    return std::optional<fs::path>{};
  std::error_code problem;
  const auto root = fs::canonical(around.working_folder / *asked.root, problem);
  if (problem)
    return error{errc::invalid_argument,
                 "--root: can't find \"" + *asked.root + "\": " + problem.message()};
  if (below(root, around.working_folder).front() == "absolute")
    return error{errc::invalid_argument, "--root: the working folder \"" +
                                             around.working_folder.native() + "\" is not below \"" +
                                             root.native() + "\""};
  return std::optional{root};
}

result<fingerprint> take_fingerprint(const options& asked, const circumstances& around,
                                     const std::vector<fs::path>& tool_files,
                                     file_digester& digester) {
  auto root = root_of(asked, around);
  if (!root)
    return root.error();
  auto tool = tool_part(tool_files, around, *root, digester);
  if (!tool)
    return tool.error();
  fingerprint taken;
  taken.name = printable(asked.name.empty() ? fs::path{asked.command.front()}.filename().native()
                                            : asked.name);
  taken.cache_version = key_schema;
  if (!asked.cache_version.empty())
    taken.cache_version += '+' + asked.cache_version;
  taken.outputs = asked.outputs;
  auto& parts = taken.parts;
  parts.push_back({"command", digest_of_list(asked.command)});
  if (asked.depfile)
    parts.push_back({"depfile", sha256::of(*asked.depfile)});
  parts.push_back({"outputs", digest_of_list(asked.outputs)});
  parts.push_back({"platform", sha256::of(asked.platform.value_or(around.platform))});
  parts.push_back({"stdin", around.standard_input.value_or(sha256::of("nothing"))});
  parts.push_back(std::move(*tool));
  parts.push_back({"working-folder", digest_of_list(below(*root, around.working_folder))});
  for (const auto& [name, value] : keyed_variables(around.environment, asked.keyed_variables))
    parts.push_back({"env:" + printable(name), digest_of_value(value)});
  if (auto done = add_contents(asked, around, digester, parts); !done)
    return done.error();
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& left, const auto& right) { return left.name < right.name; });
  // An input that is named twice counts once.
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return taken;
}

std::vector<std::string> differences(const fingerprint& before, const fingerprint& after) {
  std::vector<std::string> names;
  const auto lacking = [&](const fingerprint& here, const fingerprint& there) {
    for (const auto& part : here.parts)
      if (std::find(there.parts.begin(), there.parts.end(), part) == there.parts.end())
        names.push_back(part.name);
  };
  lacking(before, after);
  lacking(after, before);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

catalog_key to_catalog_key(const fingerprint& command) {
  catalog_key key;
  auto& identifier = key.identifier.emplace();
  identifier.set_resource_type(core::TASK);
  identifier.set_project("deja");
  identifier.set_domain("run");
  identifier.set_name(command.name);
  key.cache_version = command.cache_version;
  core::TypedInterface interface;
  core::LiteralMap inputs;
  interface.mutable_inputs();
  for (const auto& part : command.parts) {
    declare(*interface.mutable_inputs(), part.name, type_of(part.type));
    (*inputs.mutable_literals())[part.name].set_hash(to_hex(part.value));
  }
  auto outputs = command.outputs;
  std::sort(outputs.begin(), outputs.end());
  for (const auto& name : outputs) // Whether file or folder shows only when it is made.
    declare(*interface.mutable_outputs(), printable(name), type_of(part_type::file));
  key.interface = std::move(interface);
  key.inputs = shared<core::LiteralMap>{std::move(inputs)};
  return key;
}

std::string parts_text(const fingerprint& command) {
  std::string text;
  for (const auto& part : command.parts)
    text += to_hex(part.value) + ' ' + part.name + '\n';
  return text;
}

} // namespace deja::run
