#include <deja/transport/connect/connect_call.hpp>

#include <deja/messages/proto_bytes.hpp>
#include <deja/messages/utf8.hpp>
#include <deja/transport/connect/gzip.hpp>

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <charconv>

namespace deja::http {

namespace {

namespace json = google::protobuf::util;

constexpr std::string_view proto_type = "application/proto";

std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

response refuse(std::string why) {
  return error_response({errc::invalid_argument, std::move(why)});
}

// Nothing where the type is none of Connect's unary ones.
std::optional<codec> codec_of(std::string_view content_type) {
  const auto semicolon = content_type.find(';');
  const auto type = trimmed(content_type.substr(0, semicolon));
  if (semicolon != content_type.npos &&
      !same_token(trimmed(content_type.substr(semicolon + 1)), "charset=utf-8"))
    return std::nullopt;
  if (same_token(type, proto_type))
    return codec::proto;
  if (same_token(type, json_type))
    return codec::json;
  return std::nullopt;
}

response wrong_type(std::optional<std::string_view> type) {
  auto answer =
      error_response({errc::unknown, "Content-Type is \"" + std::string{type.value_or("")} +
                                         "\"; application/proto and application/json "
                                         "are possible"},
                     415);
  answer.fields = "Accept-Post: application/proto, application/json\r\n";
  return answer;
}

result<duration> timeout_of(std::string_view text) {
  constexpr std::size_t most_digits = 10;
  std::uint64_t milliseconds = 0; // takes no sign
  const auto* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, milliseconds);
  if (text.empty() || text.size() > most_digits || problem != std::errc{} || rest != end)
    return error{errc::invalid_argument, "Connect-Timeout-Ms is \"" + std::string{text} +
                                             "\"; a number of at most 10 digits is wanted"};
  return std::chrono::milliseconds{std::max<std::uint64_t>(milliseconds, 1)};
}

// Whether arrays and objects lie more than `most` deep in one another. Strings may be in single
// quotes: protobuf takes them.
bool is_deeper_than(std::size_t most, std::string_view text) {
  std::size_t depth = 0;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != 0) {
      if (c == '\\')
        ++at;
      else if (c == quote)
        quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      if (++depth > most)
        return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

response success(codec in, std::string body) {
  response answer;
  answer.content_type = in == codec::json ? json_type : proto_type;
  answer.body = std::move(body);
  return answer;
}

response success_json(const google::protobuf::Message& message) {
  std::string text;
  const auto written = json::MessageToJsonString(message, &text);
  if (!written.ok())
    return error_response(
        {errc::internal, "the answer has no JSON form: " + std::string{written.message()} +
                             "; ask for application/proto"});
  return success(codec::json, std::move(text));
}

} // namespace

boost::system::result<accepted_call, response> accept_call(const request& asked,
                                                           std::size_t max_body) {
  const auto type = asked.field("Content-Type");
  const auto in = codec_of(type.value_or(""));
  if (!in)
    return wrong_type(type);
  if (const auto version = asked.field("Connect-Protocol-Version"); version && *version != "1")
    return refuse("Connect-Protocol-Version is \"" + std::string{*version} +
                  "\"; only 1 is possible");
  accepted_call call{.context = {}, .in = *in, .sent = asked.body, .unpacked = std::nullopt};
  if (const auto text = asked.field("Connect-Timeout-Ms")) {
    const auto timeout = timeout_of(*text);
    if (!timeout)
      return error_response(timeout.error());
    call.context.time_left = *timeout;
  }
  call.context.traceparent = asked.field("traceparent").value_or("");
  const auto encoding = asked.field("Content-Encoding").value_or("identity");
  if (same_token(encoding, "identity") || encoding.empty())
    return call;
  if (!same_token(encoding, "gzip"))
    return error_response({errc::unimplemented, "Content-Encoding is \"" + std::string{encoding} +
                                                    "\"; gzip and identity are possible"});
  if (asked.body.empty()) // Connect packs no empty message
    return call;
  auto unpacked = unpack_gzip(asked.body, max_body);
  if (!unpacked)
    return error_response(unpacked.error(),
                          unpacked.error().code == errc::resource_exhausted ? 413 : 400);
  call.unpacked = std::move(*unpacked);
  return call;
}

result<void> parse_body(google::protobuf::Message& message, codec in, std::string_view body) {
  if (in == codec::proto)
    return parse_message(message, body);
  // protobuf's own parser drops what is not UTF-8.
  if (!is_utf8(body))
    return error{errc::invalid_argument, "the JSON body is not valid UTF-8"};
  // protobuf's parser takes 100 messages in one another, each perhaps in an array; but arrays in
  // arrays without limit, and a time that grows with the square of their depth.
  constexpr std::size_t most_levels = 200;
  if (is_deeper_than(most_levels, body))
    return error{errc::invalid_argument,
                 "the JSON body is nested deeper than the limit of " + std::to_string(most_levels)};
  json::JsonParseOptions lenient;
  lenient.ignore_unknown_fields = true;
  const auto parsed = json::JsonStringToMessage({body.data(), body.size()}, &message, lenient);
  if (!parsed.ok())
    return error{errc::invalid_argument, "the body is no " + message.GetTypeName() +
                                             " in JSON: " + std::string{parsed.message()}};
  return {};
}

void raw_answer::send(const google::protobuf::Message& message) const {
  if (codec_ == codec::json)
    return respond_(success_json(message));
  respond_(success(codec::proto, serialize(message)));
}

void raw_answer::json(std::string text) const {
  respond_(success(codec::json, std::move(text)));
}

void raw_answer::send_wire(std::string bytes, google::protobuf::Message& scratch) const {
  if (codec_ == codec::proto)
    return respond_(success(codec::proto, std::move(bytes)));
  if (auto parsed = parse_message(scratch, bytes); !parsed)
    return fail({errc::internal, parsed.error().message});
  respond_(success_json(scratch));
}

} // namespace deja::http
