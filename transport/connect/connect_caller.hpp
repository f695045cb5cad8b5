#pragma once

#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/connect/connect_endpoint.hpp>
#include <deja/transport/connect/http_client.hpp>

#include <random>

namespace deja {

/// Calls the methods of Connect services at one URL: binary bodies, over one connection, and again
/// what may pass, until the deadline. Blocking, for one thread at a time.
class connect_caller {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `config` is valid.
  explicit connect_caller(connect_config config);

  /// When a call of this context ends at the latest.
  time_point deadline_of(const call_context& context) const;

  /// `path` is `/<package>.<Service>/<Method>`. Errors are told as within `doing`.
  template <class Reply>
  result<Reply> call(std::string_view path, time_point deadline, const call_context& context,
                     const std::string& doing, const google::protobuf::MessageLite& request) {
    auto bytes = send(path, deadline, context, doing, request);
    if (!bytes)
      return bytes.error();
    auto reply = parse_message<Reply>(*bytes);
    if (!reply) // its invalid_argument would blame our request
      return within(doing + ": the answer", {errc::internal, reply.error().message});
    return reply;
  }

  /// Whether the service may have seen the last call more than once.
  bool repeated() const { return repeated_; }

  const std::string& url() const { return config_.url; }

private:
  result<std::string> send(std::string_view path, time_point deadline, const call_context& context,
                           const std::string& doing, const google::protobuf::MessageLite& request);
  result<std::string> try_once(const http_request& request);

  connect_config config_;
  http_client http_;
  std::minstd_rand random_;
  bool repeated_ = false;
};

} // namespace deja
