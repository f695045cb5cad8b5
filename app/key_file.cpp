#include <deja/app/key_file.hpp>

#include <deja/app/json_members.hpp>
#include <deja/app/read_file.hpp>
#include <deja/messages/proto_bytes.hpp>

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <array>

namespace deja::app {

namespace {

using json_members = std::map<std::string, std::string_view>;

constexpr auto names = std::to_array<std::string_view>(
    {"identifier", "interface", "inputs", "cache_version", "cache_ignore_input_vars"});

error wrong(const std::string& why) {
  return {errc::invalid_argument, why};
}

result<void> check_names(const json_members& members) {
  for (const auto& [name, value] : members)
    if (std::find(names.begin(), names.end(), name) == names.end())
      return wrong("\"" + name +
                   "\" is no member of a task; identifier, interface, inputs, cache_version and "
                   "cache_ignore_input_vars are");
  return {};
}

/// The value's text; nothing where it is absent or null.
std::optional<std::string_view> find(const json_members& members, const char* name) {
  const auto found = members.find(name);
  if (found == members.end() || found->second == "null")
    return std::nullopt;
  return found->second;
}

/// protobuf's own JSON parser, but without its limit on nesting, which a Struct reaches early.
template <class Message>
result<Message> parse_json(std::string_view text) {
  using namespace google::protobuf;
  static const std::string domain = "type.googleapis.com";
  static const std::unique_ptr<util::TypeResolver> types{
      util::NewTypeResolverForDescriptorPool(domain, DescriptorPool::generated_pool())};
  if (!text.starts_with('{'))
    return wrong("an object is wanted");
  std::string bytes;
  const auto parsed =
      util::JsonToBinaryString(types.get(), domain + '/' + Message::descriptor()->full_name(),
                               {text.data(), text.size()}, &bytes);
  if (!parsed.ok())
    return wrong(std::string{parsed.message()});
  return parse_message<Message>(bytes);
}

template <class Message>
result<std::optional<Message>> read_message(const json_members& members, const char* name) {
  const auto text = find(members, name);
  if (!text)
    return std::optional<Message>{};
  auto message = parse_json<Message>(*text);
  if (!message)
    return within(name, message.error());
  return std::optional{std::move(*message)};
}

/// One by one, so that errors name the input.
result<std::optional<core::LiteralMap>> read_inputs(const json_members& members) {
  const auto text = find(members, "inputs");
  if (!text)
    return std::optional<core::LiteralMap>{};
  const auto fields = split_json_object(*text);
  if (!fields)
    return within("inputs", fields.error());
  for (const auto& [name, value] : *fields)
    if (name != "literals")
      return wrong("inputs: \"" + name + "\" is no member of a LiteralMap; literals is");
  core::LiteralMap inputs;
  if (const auto literals = find(*fields, "literals")) {
    const auto values = split_json_object(*literals);
    if (!values)
      return within("inputs.literals", values.error());
    for (const auto& [name, value] : *values) {
      auto literal = parse_json<core::Literal>(value);
      if (!literal)
        return within("inputs.literals[\"" + name + "\"]", literal.error());
      (*inputs.mutable_literals())[name] = std::move(*literal);
    }
  }
  return std::optional{std::move(inputs)};
}

std::string text_of(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

rapidjson::Document parse(std::string_view text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  return document;
}

result<std::string> read_version(const json_members& members) {
  constexpr auto name = "cache_version";
  const auto text = find(members, name);
  if (!text)
    return std::string{};
  const auto value = parse(*text);
  if (!value.IsString())
    return wrong(std::string{name} + " must be a string");
  return text_of(value);
}

result<std::set<std::string>> read_ignored(const json_members& members) {
  constexpr auto name = "cache_ignore_input_vars";
  std::set<std::string> ignored;
  const auto text = find(members, name);
  if (!text)
    return ignored;
  const auto value = parse(*text);
  if (!value.IsArray())
    return wrong(std::string{name} + " must be an array of strings");
  for (rapidjson::SizeType at = 0; at < value.Size(); ++at) {
    if (!value[at].IsString())
      return wrong(std::string{name} + "[" + std::to_string(at) + "] must be a string");
    ignored.insert(text_of(value[at]));
  }
  return ignored;
}

} // namespace

result<catalog_key> parse_key_file(std::string_view text) {
  const auto members = split_json_object(text);
  if (!members)
    return members.error();
  if (auto known = check_names(*members); !known)
    return known.error();
  auto identifier = read_message<core::Identifier>(*members, "identifier");
  if (!identifier)
    return identifier.error();
  auto interface = read_message<core::TypedInterface>(*members, "interface");
  if (!interface)
    return interface.error();
  auto inputs = read_inputs(*members);
  if (!inputs)
    return inputs.error();
  auto ignored = read_ignored(*members);
  if (!ignored)
    return ignored.error();
  auto version = read_version(*members);
  if (!version)
    return version.error();
  catalog_key key{
      std::move(*identifier), std::move(*version), std::move(*ignored), std::move(*interface), {}};
  if (*inputs)
    key.inputs = shared<core::LiteralMap>{std::move(**inputs)};
  return key;
}

result<catalog_key> read_key_file(const std::filesystem::path& file) {
  constexpr std::uint64_t largest = 64UL * 1024 * 1024;
  const auto text = read_file(file, largest);
  if (!text)
    return text.error();
  auto key = parse_key_file(*text);
  if (!key)
    return within("\"" + file.native() + "\"", key.error());
  return key;
}

} // namespace deja::app
