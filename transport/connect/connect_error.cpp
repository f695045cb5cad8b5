#include <deja/transport/connect/connect_error.hpp>

#include <rapidjson/document.h>

namespace deja {

namespace {

errc code_of(int status) {
  switch (status) {
  case 400:
    return errc::internal;
  case 401:
    return errc::unauthenticated;
  case 403:
    return errc::permission_denied;
  case 404:
    return errc::unimplemented;
  case 429:
  case 502:
  case 503:
  case 504:
    return errc::unavailable;
  default:
    return errc::unknown;
  }
}

} // namespace

error connect_error(int status, std::string_view body) {
  rapidjson::Document json;
  // Iterative, because the other parser can be made to run out of stack.
  json.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(body.data(),
                                                                                     body.size());
  if (!json.HasParseError() && json.IsObject()) {
    const auto code = json.FindMember("code");
    const auto message = json.FindMember("message");
    if (code != json.MemberEnd() && code->value.IsString())
      if (const auto known = parse_errc({code->value.GetString(), code->value.GetStringLength()})) {
        std::string text;
        if (message != json.MemberEnd() && message->value.IsString())
          text.assign(message->value.GetString(), message->value.GetStringLength());
        return {*known, std::move(text)};
      }
  }
  return {code_of(status), "HTTP status " + std::to_string(status)};
}

} // namespace deja
