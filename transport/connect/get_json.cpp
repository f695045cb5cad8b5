#include <deja/transport/connect/get_json.hpp>

#include <deja/messages/json_form.hpp>

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace deja::http {

namespace {

namespace cacheservice = flyteidl2::cacheservice;
namespace core = flyteidl2::core;
using request = cacheservice::v2::GetCacheRequest;

// Takes an object of objects of texts, each at most once. Anything else ends the parsing.
class request_reader : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, request_reader> {
public:
  explicit request_reader(request& into) : into_(into) {}

  bool Default() { return false; }

  bool StartObject() {
    ++depth_;
    return depth_ == 1 || (depth_ == 2 && within_ != part::none);
  }

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view name{text, size};
    if (depth_ == 1)
      return enter(name);
    field_ = field_of(name);
    return field_ != nullptr && field_->empty();
  }

  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ != 2 || field_ == nullptr)
      return false;
    field_->assign(text, size);
    field_ = nullptr;
    return true;
  }

  bool EndObject(rapidjson::SizeType) {
    --depth_;
    within_ = part::none;
    return true;
  }

private:
  enum class part { none, base_request, identifier };

  bool enter(std::string_view name) {
    if ((name == "baseRequest" || name == "base_request") && !into_.has_base_request()) {
      into_.mutable_base_request();
      within_ = part::base_request;
    } else if (name == "identifier" && !into_.has_identifier()) {
      into_.mutable_identifier();
      within_ = part::identifier;
    } else {
      return false;
    }
    return true;
  }

  std::string* field_of(std::string_view name) {
    if (within_ == part::base_request)
      return name == "key" ? into_.mutable_base_request()->mutable_key() : nullptr;
    auto& identifier = *into_.mutable_identifier();
    if (name == "org")
      return identifier.mutable_org();
    if (name == "project")
      return identifier.mutable_project();
    return name == "domain" ? identifier.mutable_domain() : nullptr;
  }

  request& into_;
  int depth_ = 0;
  part within_ = part::none;
  std::string* field_ = nullptr;
};

using json_writer =
    rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                      rapidjson::CrtAllocator, rapidjson::kWriteValidateEncodingFlag>;

// Writes what protobuf would; false as soon as it would not.
class response_writer {
public:
  explicit response_writer(rapidjson::StringBuffer& into) : json_(into) {}

  bool write(const cacheservice::CachedOutput& output) {
    if (output.output_case() == cacheservice::CachedOutput::kOutputLiterals)
      return false;
    bool done = begin("output");
    if (output.has_output_uri())
      done = done && key("outputUri") && text(output.output_uri());
    if (output.has_metadata())
      done = done && begin("metadata", true) && write(output.metadata()) && json_.EndObject();
    return done && json_.EndObject() && json_.EndObject();
  }

private:
  bool begin(std::string_view name, bool inner = false) {
    return (inner || json_.StartObject()) && key(name) && json_.StartObject();
  }

  bool key(std::string_view name) {
    return json_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  }

  bool text(std::string_view value) {
    return json_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }

  bool member(std::string_view name, std::string_view value) {
    return value.empty() || (key(name) && text(value));
  }

  bool member(std::string_view name, const google::protobuf::Timestamp& time) {
    // From the year 1 to 9999, says protobuf.
    constexpr std::int64_t first = -62'135'596'800, last = 253'402'300'799;
    const auto written = timestamp_text(time);
    return written && time.seconds() >= first && time.seconds() <= last && key(name) &&
           text(view_of(*written));
  }

  bool write(const cacheservice::Metadata& metadata) {
    bool done = true;
    if (metadata.has_source_identifier())
      done = begin("sourceIdentifier", true) && write(metadata.source_identifier()) &&
             json_.EndObject();
    if (metadata.has_key_map())
      done = done && begin("keyMap", true) && write(metadata.key_map()) && json_.EndObject();
    if (metadata.has_created_at())
      done = done && member("createdAt", metadata.created_at());
    if (metadata.has_last_updated_at())
      done = done && member("lastUpdatedAt", metadata.last_updated_at());
    return done;
  }

  bool write(const core::Identifier& identifier) {
    if (!core::ResourceType_IsValid(identifier.resource_type()))
      return false;
    return (identifier.resource_type() == core::UNSPECIFIED ||
            (key("resourceType") && text(core::ResourceType_Name(identifier.resource_type())))) &&
           member("project", identifier.project()) && member("domain", identifier.domain()) &&
           member("name", identifier.name()) && member("version", identifier.version()) &&
           member("org", identifier.org());
  }

  bool write(const cacheservice::KeyMapMetadata& map) {
    if (map.values().empty())
      return true;
    bool done = begin("values", true);
    for (const auto& [name, value] : map.values())
      done = done && key(name) && text(value);
    return done && json_.EndObject();
  }

  json_writer json_;
};

} // namespace

bool read_get_request(std::string_view json, request& into) {
  rapidjson::MemoryStream stream{json.data(), json.size()};
  rapidjson::Reader reader;
  request_reader handler{into};
  constexpr auto flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  const bool read =
      !reader.Parse<flags>(stream, handler).IsError() && json.find('\0') == std::string_view::npos;
  if (!read)
    into.Clear();
  return read;
}

std::optional<std::string> write_get_response(const cacheservice::CachedOutput& output) {
  rapidjson::StringBuffer json;
  if (!response_writer{json}.write(output))
    return std::nullopt;
  return std::string{json.GetString(), json.GetSize()};
}

} // namespace deja::http
