#include <deja/app/key_line.hpp>

#include <deja/messages/base64.hpp>
#include <deja/messages/key.hpp>
#include <deja/messages/proto_bytes.hpp>

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace deja::app {

namespace {

using json = rapidjson::Value;

error wrong(const std::string& why) {
  return {errc::invalid_argument, why};
}

std::string_view text_of(const json& value) {
  return {value.GetString(), value.GetStringLength()};
}

// The member of that name; null where it is absent or null.
const json* find(const json& line, const char* name) {
  const auto member = line.FindMember(name);
  return member == line.MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
}

template <class Message>
result<std::optional<Message>> read_message(const json& line, const char* name) {
  const auto* value = find(line, name);
  if (value == nullptr)
    return std::optional<Message>{};
  if (!value->IsString())
    return wrong(std::string{name} + " must be a string or null");
  const auto bytes = parse_base64(text_of(*value));
  if (!bytes)
    return within(name, bytes.error());
  auto message = parse_message<Message>(*bytes);
  if (!message)
    return within(name, message.error());
  return std::optional{std::move(*message)};
}

result<std::string> read_version(const json& line) {
  const auto* value = find(line, "cache_version");
  if (value == nullptr)
    return std::string{};
  if (!value->IsString())
    return wrong("cache_version must be a string");
  return std::string{text_of(*value)};
}

result<std::set<std::string>> read_ignored(const json& line) {
  constexpr auto name = "cache_ignore_input_vars";
  std::set<std::string> ignored;
  const auto* names = find(line, name);
  if (names == nullptr)
    return ignored;
  if (!names->IsArray())
    return wrong(std::string{name} + " must be an array of strings");
  for (const auto& input : names->GetArray()) {
    if (!input.IsString())
      return wrong(std::string{name} + " must be an array of strings");
    ignored.emplace(text_of(input));
  }
  return ignored;
}

result<catalog_key> read_key(const json& line) {
  if (!line.IsObject())
    return wrong("an object is wanted");
  auto identifier = read_message<core::Identifier>(line, "identifier");
  if (!identifier)
    return identifier.error();
  auto interface = read_message<core::TypedInterface>(line, "interface");
  if (!interface)
    return interface.error();
  auto inputs = read_message<core::LiteralMap>(line, "inputs");
  if (!inputs)
    return inputs.error();
  auto ignored = read_ignored(line);
  if (!ignored)
    return ignored.error();
  auto version = read_version(line);
  if (!version)
    return version.error();
  catalog_key key{
      std::move(*identifier), std::move(*version), std::move(*ignored), std::move(*interface), {}};
  if (*inputs)
    key.inputs = shared<core::LiteralMap>{std::move(**inputs)};
  return key;
}

} // namespace

result<catalog_key> parse_key_line(std::string_view line) {
  constexpr std::string_view doing = "cannot read the line";
  // RapidJSON would take it for the text's end.
  if (line.find('\0') != std::string_view::npos)
    return within(doing, wrong("it holds a zero byte"));
  rapidjson::Document document;
  // Iterative, because the other parser can be made to run out of stack.
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
      line.data(), line.size());
  if (document.HasParseError())
    return within(doing, wrong("byte " + std::to_string(document.GetErrorOffset() + 1) + ": " +
                               rapidjson::GetParseError_En(document.GetParseError())));
  auto key = read_key(document);
  if (!key)
    return within(doing, key.error());
  return key;
}

std::string answer_key_line(std::string_view line) {
  const auto asked = parse_key_line(line);
  const auto key = asked ? make_key(*asked) : asked.error();
  rapidjson::StringBuffer text;
  rapidjson::Writer answer{text};
  const auto add = [&](const char* name, std::string_view value) {
    answer.Key(name);
    answer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  answer.StartObject();
  if (key) {
    add("key", *key);
  } else {
    const auto why = key.error();
    add("error", why.message);
    add("code", to_string(why.code));
  }
  answer.EndObject();
  return {text.GetString(), text.GetSize()};
}

} // namespace deja::app
