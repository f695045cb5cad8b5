#include <deja/transport/connect/request_parser.hpp>

#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace deja::http {

namespace beast_http = boost::beast::http;

namespace {

std::string_view std_view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// Beast unfolds values. Others end the field where the line ends, or refuse it. Beast takes a line
// only once it has seen how the next one begins, so no fold is cut in two.
bool has_fold(std::string_view lines) {
  return lines.find("\n ") != lines.npos || lines.find("\n\t") != lines.npos;
}

} // namespace

request_parser::request_parser(request& into, std::size_t max_header_bytes)
    : request_(into), max_header_bytes_(max_header_bytes) {
  request_.clear();
  // Counted here instead: Beast's limit is one on what is yet unparsed, so many short lines pass
  // it, and its body limit would not fit streams.
  header_limit(static_cast<std::uint32_t>(max_header_bytes));
  body_limit(boost::none);
}

std::size_t request_parser::feed(std::span<const char> bytes) {
  const auto of_head = has_head() ? 0 : feed_head(bytes);
  const auto rest = bytes.subspan(of_head);
  if (refused_ || !has_head() || complete() || rest.empty())
    return of_head;
  return of_head + feed_body(rest);
}

std::size_t request_parser::feed_head(std::span<const char> bytes) {
  error_code problem;
  const auto taken = put(boost::asio::const_buffer{bytes.data(), bytes.size()}, problem);
  header_bytes_ += taken;
  const auto waiting = has_head() ? 0 : bytes.size() - taken;
  if (header_bytes_ + waiting > max_header_bytes_ || problem == beast_http::error::header_limit)
    refuse(431, errc::resource_exhausted,
           "the request's header is larger than the limit of " + std::to_string(max_header_bytes_) +
               " bytes");
  else if (has_fold({bytes.data(), taken}))
    refuse(400, errc::invalid_argument, "the request has a header field that is folded");
  else
    refuse_for(problem);
  return taken;
}

std::size_t request_parser::feed_body(std::span<const char> bytes) {
  eager(true); // to the body's end, not only to that of a chunk
  error_code problem;
  const auto taken = put(boost::asio::const_buffer{bytes.data(), bytes.size()}, problem);
  // What is left is the beginning of a chunk's header, or trailers.
  if (!complete() && bytes.size() - taken > max_header_bytes_)
    refuse(400, errc::invalid_argument,
           "the request has a chunk header or trailers larger than the limit of " +
               std::to_string(max_header_bytes_) + " bytes");
  refuse_for(problem);
  return taken;
}

std::optional<std::uint64_t> request_parser::content_length() const {
  const auto length = basic_parser::content_length();
  return length ? std::optional<std::uint64_t>{*length} : std::nullopt;
}

bool request_parser::expects_continue() const {
  const auto expected = request_.field("Expect");
  return version_ == 11 && expected && same_token(*expected, "100-continue");
}

void request_parser::on_request_impl(verb, string_view method, string_view target, int version,
                                     error_code&) {
  version_ = version;
  request_.method_ = request_.store(std_view(method));
  request_.set_target(std_view(target));
}

void request_parser::on_field_impl(known_field, string_view name, string_view value, error_code&) {
  // Trailers come here too. They are not part of the head, and what they say is not believed.
  if (!head_stored_)
    request_.fields_.push_back({request_.store(std_view(name)), request_.store(std_view(value))});
}

void request_parser::on_header_impl(error_code& problem) {
  head_stored_ = true;
  keep_alive_ = basic_parser::keep_alive();
  const auto wrong = [&](std::string why) {
    refuse(400, errc::invalid_argument, std::move(why));
    problem = beast_http::error::bad_field; // stops the parser
  };
  // Beast takes repeated equal lengths, lists of them, and codings it does not know: each a way to
  // make a proxy and us disagree on where a request ends.
  if (const auto length = request_.field("Content-Length"))
    if (request_.count("Content-Length") > 1 || length->empty() || length->size() > 19 ||
        !std::ranges::all_of(*length, [](char c) { return c >= '0' && c <= '9'; }))
      return wrong("the request's Content-Length must be one number");
  if (const auto coding = request_.field("Transfer-Encoding"))
    if (request_.count("Transfer-Encoding") > 1 || !same_token(*coding, "chunked") ||
        request_.field("Content-Length") || version_ == 10)
      return wrong("the request's Transfer-Encoding must be \"chunked\" alone, in HTTP/1.1, "
                   "without a Content-Length");
  if (const auto hosts = request_.count("Host"); hosts > 1 || (hosts == 0 && version_ == 11))
    return wrong("the request must have one Host field");
  if (const auto expected = request_.field("Expect");
      expected && !same_token(*expected, "100-continue")) {
    refuse(417, errc::invalid_argument, "only 100-continue can be expected");
    problem = beast_http::error::bad_field;
  }
}

std::size_t request_parser::on_body_impl(string_view bytes, error_code&) {
  request_.body += std_view(bytes);
  return bytes.size();
}

std::size_t request_parser::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) {
  request_.body += std_view(bytes);
  return bytes.size();
}

void request_parser::refuse_for(error_code problem) {
  if (problem && problem != beast_http::error::need_more)
    refuse(problem == beast_http::error::bad_version ? 505 : 400, errc::invalid_argument,
           "the request is no valid HTTP/1.1: " + problem.message());
}

void request_parser::refuse(unsigned status, errc code, std::string why) {
  if (!refused_)
    refused_ = refusal{status, error{code, std::move(why)}};
}

} // namespace deja::http
