#include <deja/app/load/json_wire.hpp>

#include <rapidjson/reader.h>

namespace deja::app::load {

namespace {

using namespace std::string_view_literals;

// None of our texts has characters that JSON escapes.
void append(std::string& to, std::initializer_list<std::string_view> parts) {
  for (const auto part : parts)
    to += part;
}

constexpr auto metadata =
    R"("metadata":{"sourceIdentifier":{"resourceType":"TASK","project":"deja","domain":"load",)"
    R"("name":"load.task","version":"1"},"keyMap":{"values":{"task-version":"1",)"
    R"("execution-name":"load"}}})"sv;
constexpr auto identifier = R"("identifier":{"project":"deja","domain":"load"}})"sv;
constexpr auto span_text = R"(,"heartbeatInterval":"10s")"sv;

static_assert(heartbeat == std::chrono::seconds{10});

/// Takes the texts and numbers that the answers have, wherever they stand: their names tell them
/// apart. An item is an object at a certain depth.
class answer_reader : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, answer_reader> {
public:
  answer_reader(method which, std::span<answer> into)
      : which_(which), into_(into), item_depth_(is_many() ? 2 : 0), needs_status_(false) {}

  bool StartObject() {
    ++depth_;
    if (is_many() && depth_ == item_depth_) {
      if (at_ == into_.size())
        return false;
      into_[at_].held = which_ != method::release_many; // false may be left out
      needs_status_ = which_ == method::put_many;
      ++at_;
    }
    // An error without a code that is known is an error all the same.
    if (is_many() && depth_ == item_depth_ + 1 && name_ == "error") {
      current().code = errc::unknown;
      needs_status_ = false;
    }
    return true;
  }

  bool EndObject(rapidjson::SizeType) {
    const bool is_right = depth_ != item_depth_ || !needs_status_;
    --depth_;
    return is_right;
  }

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    name_ = {text, size};
    return true;
  }

  bool Bool(bool value) {
    if (name_ == "released" && at_ > 0)
      current().held = value;
    return true;
  }

  bool String(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view value{text, size};
    if (at_ == 0)
      return true;
    auto& one = current();
    if (name_ == "outputUri") {
      one.value = value;
    } else if (name_ == "ownerId") {
      one.owner = value;
    } else if (name_ == "code" && is_many()) {
      one.code = parse_errc(value).value_or(errc::unknown);
    } else if (name_ == "status" && which_ == method::put_many) {
      needs_status_ = !value.starts_with("PUT_STATUS_") || value == "PUT_STATUS_UNSPECIFIED";
      one.code = value == "PUT_STATUS_STORED" ? errc::ok : errc::already_exists;
    } else if (name_ == "event" && which_ == method::wait) {
      one.has_entry = value == "WAIT_EVENT_ENTRY";
    }
    return true;
  }

  bool is_complete() const { return at_ == into_.size(); }

  /// Flyte's calls and `wait` answer one item, the whole.
  void take_whole() { at_ = 1; }

private:
  bool is_many() const { return which_ >= method::get_many && which_ != method::wait; }

  answer& current() { return into_[at_ - 1]; }

  method which_;
  std::span<answer> into_;
  int depth_ = 0, item_depth_;
  bool needs_status_;
  std::size_t at_ = 0;
  std::string_view name_;
};

} // namespace

void json_wire::write_output(std::string& to, const item& of) {
  to += R"("output":{"outputUri":")";
  texts_.append_value(to, of.key, of.version);
  append(to, {"\",", metadata, "}"});
}

void json_wire::write(std::string& to, method which, std::span<const item> items) {
  if (which < method::get_many)
    write_one(to, which, items.front());
  else
    write_many(to, which, items);
}

void json_wire::write_one(std::string& to, method which, const item& of) {
  const auto key = texts_.key(of.key);
  const auto owner = texts_.owner(of.owner);
  append(to, {R"({"baseRequest":{"key":")", view_of(key), "\""});
  if (which == method::put) {
    to += ',';
    write_output(to, of);
    if (of.overwrite)
      to += R"(,"overwrite":{"overwrite":true})";
  }
  if (which == method::reserve || which == method::release)
    append(to, {R"(,"ownerId":")", view_of(owner), "\""});
  if (which == method::reserve)
    to += span_text;
  append(to, {"},", identifier});
}

void json_wire::write_many(std::string& to, method which, std::span<const item> items) {
  const auto append_key = [&](const item& of) {
    const auto key = texts_.key(of.key);
    append(to, {R"({"project":"deja","domain":"load","key":")", view_of(key), "\"}"});
  };
  if (which == method::wait) {
    to += R"({"key":)";
    append_key(items.front());
    to += '}';
    return;
  }
  const bool has_keys = which == method::get_many;
  to += has_keys ? R"({"keys":[)" : R"({"items":[)";
  for (const auto& of : items) {
    if (&of != &items.front())
      to += ',';
    if (has_keys) {
      append_key(of);
      continue;
    }
    to += R"({"key":)";
    append_key(of);
    if (which == method::put_many) {
      to += ',';
      write_output(to, of);
      if (of.overwrite)
        to += R"(,"overwrite":true)";
    } else {
      const auto owner = texts_.owner(of.owner);
      append(to, {R"(,"ownerId":")", view_of(owner), "\""});
      if (which == method::reserve_many)
        to += span_text;
    }
    to += '}';
  }
  to += "]}";
}

result<void> json_wire::read(method which, std::string_view body, std::span<answer> into) {
  body_ = body;
  for (auto& one : into)
    one = {};
  answer_reader reader{which, into};
  if (which < method::get_many || which == method::wait)
    reader.take_whole();
  rapidjson::InsituStringStream stream{body_.data()};
  constexpr auto flags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                         rapidjson::kParseValidateEncodingFlag;
  if (rapidjson::Reader parser; !parser.Parse<flags>(stream, reader) || !reader.is_complete())
    return error{errc::internal, "the answer is not what the call answers"};
  return {};
}

} // namespace deja::app::load
