#pragma once

#include <deja/messages/error.hpp>
#include <deja/transport/connect/request.hpp>

#include <boost/beast/http/basic_parser.hpp>

#include <span>

namespace deja::http {

/// Why a request is not served. The connection can't be used any further after it: where the next
/// request would begin is not known.
struct refusal {
  unsigned status;
  error why;
};

/// Parses one HTTP/1.x request strictly: what two parsers could read in two ways is refused.
class request_parser : private boost::beast::http::basic_parser<true> {
public:
  /// `into` is emptied, and outlives the parser.
  request_parser(request& into, std::size_t max_header_bytes);

  /// Takes what it can of `bytes` and returns how much that was. Body bytes are appended to the
  /// request's body, as many as there are; who calls watches their number.
  std::size_t feed(std::span<const char> bytes);

  /// Set once the request was found to be wrong.
  const std::optional<refusal>& refused() const { return refused_; }

  bool has_head() const { return is_header_done(); }

  /// Whether the request has come to its end. One that was refused never has.
  bool complete() const { return is_done() && !refused_; }

  /// Whether the connection may be used for another request. Once there is a head.
  bool keep_alive() const { return keep_alive_; }

  bool http_1_0() const { return version_ == 10; }

  /// The body's length where the head tells it.
  std::optional<std::uint64_t> content_length() const;

  /// Whether the client waits for a `100 Continue` before it sends the body.
  bool expects_continue() const;

private:
  using verb = boost::beast::http::verb;
  using known_field = boost::beast::http::field;
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  void on_request_impl(verb, string_view method, string_view target, int version,
                       error_code&) override;

  void on_response_impl(int, string_view, int, error_code&) override {}

  void on_field_impl(known_field name, string_view name_text, string_view value,
                     error_code& problem) override;
  void on_header_impl(error_code&) override;

  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}

  std::size_t on_body_impl(string_view bytes, error_code&) override;

  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override;

  void on_finish_impl(error_code&) override {}

  std::size_t feed_head(std::span<const char> bytes);
  std::size_t feed_body(std::span<const char> bytes);
  void refuse_for(error_code problem);
  void refuse(unsigned status, errc code, std::string why);

  request& request_;
  std::size_t max_header_bytes_;
  std::size_t header_bytes_ = 0;
  int version_ = 11;
  bool head_stored_ = false;
  bool keep_alive_ = false;
  std::optional<refusal> refused_;
};

} // namespace deja::http
