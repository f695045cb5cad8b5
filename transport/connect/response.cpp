#include <deja/transport/connect/response.hpp>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <ctime>

namespace deja::http {

namespace {

std::string_view reason_of(unsigned status) {
  switch (status) {
  case 200:
    return "OK";
  case 201:
    return "Created";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 413:
    return "Content Too Large";
  case 415:
    return "Unsupported Media Type";
  case 417:
    return "Expectation Failed";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 499:
    return "Client Closed Request";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return "Status";
  }
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

/// The Date field, made anew once a second.
std::string_view date_field() {
  thread_local std::time_t made = 0;
  thread_local char text[48];
  thread_local std::size_t size = 0;
  if (const auto now = std::time(nullptr); now != made) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    size = std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    made = now;
  }
  return {text, size};
}

bool write_error(rapidjson::StringBuffer& out, std::string_view code, std::string_view message) {
  rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                    rapidjson::CrtAllocator, rapidjson::kWriteValidateEncodingFlag>
      json{out};
  return json.StartObject() && json.Key("code") &&
         json.String(code.data(), static_cast<rapidjson::SizeType>(code.size())) &&
         json.Key("message") &&
         json.String(message.data(), static_cast<rapidjson::SizeType>(message.size())) &&
         json.EndObject();
}

} // namespace

unsigned status_of(errc code) {
  switch (code) {
  case errc::ok:
    return 200;
  case errc::canceled:
    return 499;
  case errc::invalid_argument:
  case errc::failed_precondition:
  case errc::out_of_range:
    return 400;
  case errc::deadline_exceeded:
    return 504;
  case errc::not_found:
    return 404;
  case errc::already_exists:
  case errc::aborted:
    return 409;
  case errc::permission_denied:
    return 403;
  case errc::resource_exhausted:
    return 429;
  case errc::unimplemented:
    return 501;
  case errc::unavailable:
    return 503;
  case errc::unauthenticated:
    return 401;
  case errc::unknown:
  case errc::internal:
  case errc::data_loss:
    return 500;
  }
  return 500;
}

std::string error_json(const error& why) {
  rapidjson::StringBuffer out;
  if (!write_error(out, to_string(why.code), why.message)) {
    auto readable = why.message;
    for (auto& c : readable)
      if (static_cast<unsigned char>(c) >= 0x80)
        c = '?';
    out.Clear();
    write_error(out, to_string(why.code), readable);
  }
  return {out.GetString(), out.GetSize()};
}

response error_response(const error& why) {
  return error_response(why, status_of(why.code));
}

response error_response(const error& why, unsigned status) {
  response answer;
  answer.status = status;
  answer.content_type = json_type;
  answer.body = error_json(why);
  return answer;
}

void append_head(std::string& out, const response& answer, const head_facts& facts) {
  if (answer.status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    out += "HTTP/1.1 ";
    append_number(out, answer.status);
    out += ' ';
    out += reason_of(answer.status);
    out += "\r\n";
  }
  out += date_field();
  if (!answer.content_type.empty()) {
    out += "Content-Type: ";
    out += answer.content_type;
    out += "\r\n";
  }
  if (facts.content_length) {
    out += "Content-Length: ";
    append_number(out, *facts.content_length);
    out += "\r\n";
  }
  if (!facts.keep_alive)
    out += "Connection: close\r\n";
  else if (facts.http_1_0)
    out += "Connection: keep-alive\r\n";
  out += answer.fields;
  out += "\r\n";
}

} // namespace deja::http
