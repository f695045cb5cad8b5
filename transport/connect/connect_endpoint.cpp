#include <deja/transport/connect/connect_endpoint.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/connect/connect_error.hpp>
#include <deja/transport/connect/http_client.hpp>
#include <deja/transport/retry_schedule.hpp>

#include <flyteidl2/cacheservice/v2/cacheservice.pb.h>

#include <random>
#include <thread>

namespace deja {

namespace {

namespace v2 = flyteidl2::cacheservice::v2;
using steady = std::chrono::steady_clock;

constexpr std::string_view service_path = "/flyteidl2.cacheservice.v2.CacheService/";

/// More than the protocol's ten digits can say is as good as no limit.
constexpr std::int64_t longest_timeout_ms = 9'999'999'999;

template <class Request>
Request request_for(const entry_key& key) {
  Request request;
  request.mutable_base_request()->set_key(key.key);
  auto& identifier = *request.mutable_identifier();
  identifier.set_org(key.where.org);
  identifier.set_project(key.where.project);
  identifier.set_domain(key.where.domain);
  return request;
}

class connect_endpoint : public cache_endpoint {
public:
  connect_endpoint(connect_config config, service_url url)
      : config_(std::move(config)), http_(std::move(url), config_.url),
        random_(std::random_device{}()) {}

  result<found_output> get(const call_context& context, const entry_key& key) override {
    return get_by(deadline_of(context), context, key);
  }

  result<put_status> put(const call_context& context, const entry_key& key,
                         const cacheservice::CachedOutput& output,
                         const put_condition& when) override;

  result<void> remove(const call_context& context, const entry_key& key) override {
    auto done = call<cacheservice::DeleteCacheResponse>(
        "Delete", deadline_of(context), context, key, request_for<v2::DeleteCacheRequest>(key));
    if (done)
      return {};
    // It was there, and went with an earlier try whose answer was lost.
    if (done.error().code == errc::not_found && repeated_)
      return {};
    return done.error();
  }

  result<reservation> reserve(const call_context& context, const entry_key& key,
                              const std::string& owner, duration heartbeat) override {
    return reserve_by(deadline_of(context), context, key, owner, heartbeat);
  }

  result<void> release(const call_context& context, const entry_key& key,
                       const std::string& owner) override {
    auto request = request_for<v2::ReleaseReservationRequest>(key);
    request.mutable_base_request()->set_owner_id(owner);
    auto done = call<cacheservice::ReleaseReservationResponse>(
        "ReleaseReservation", deadline_of(context), context, key, request);
    if (!done)
      return done.error();
    return {};
  }

private:
  steady::time_point deadline_of(const call_context& context) const {
    const auto time = context.time_left > duration::zero() ? context.time_left : config_.timeout;
    return steady::now() + std::min<duration>(time, std::chrono::milliseconds{longest_timeout_ms});
  }

  result<found_output> get_by(steady::time_point deadline, const call_context& context,
                              const entry_key& key);
  result<reservation> reserve_by(steady::time_point deadline, const call_context& context,
                                 const entry_key& key, const std::string& owner,
                                 duration heartbeat);

  /// Calls, and calls again what may pass, until the deadline. `repeated_` says afterwards whether
  /// the service may have seen the call more than once.
  template <class Reply, class Request>
  result<Reply> call(std::string_view method, steady::time_point deadline,
                     const call_context& context, const entry_key& key, const Request& request);

  /// One try: the reply's wire bytes.
  result<std::string> try_once(const http_request& request);

  connect_config config_;
  http_client http_;
  std::minstd_rand random_;
  bool repeated_ = false;
};

template <class Reply, class Request>
result<Reply> connect_endpoint::call(std::string_view method, steady::time_point deadline,
                                     const call_context& context, const entry_key& key,
                                     const Request& request) {
  const auto doing = [&] {
    return std::string{method} + " of key \"" + key.key + "\" at " + config_.url;
  };
  http_request http;
  http.method = "POST";
  http.path = std::string{service_path} + std::string{method};
  if (!request.SerializeToString(&http.body))
    return error{errc::invalid_argument, doing() + ": the request is larger than protobuf's 2 GiB"};
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"Content-Type", "application/proto"}, {"Connect-Protocol-Version", "1"}};
  repeated_ = false;
  std::uniform_real_distribution<> zero_to_one;
  retry_schedule schedule{{}, [&] {
                            return zero_to_one(random_);
                          }};
  for (;;) {
    http.timeout = deadline - steady::now();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(http.timeout).count();
    http.headers = headers;
    http.headers.emplace_back("Connect-Timeout-Ms", std::to_string(std::max<long>(left, 1)));
    if (!config_.token.empty())
      http.headers.emplace_back("Authorization", "Bearer " + config_.token);
    if (!context.traceparent.empty())
      http.headers.emplace_back("traceparent", context.traceparent);
    auto bytes = try_once(http);
    if (bytes) {
      auto reply = parse_message<Reply>(*bytes);
      if (!reply) // its invalid_argument would blame our request
        return within(doing() + ": the answer", {errc::internal, reply.error().message});
      return reply;
    }
    const auto code = bytes.error().code;
    if (code != errc::unavailable && code != errc::aborted)
      return within(doing(), bytes.error());
    const auto pause = schedule.next(deadline - steady::now());
    if (!pause)
      return within(doing(), bytes.error());
    repeated_ = true;
    std::this_thread::sleep_for(*pause);
  }
}

result<std::string> connect_endpoint::try_once(const http_request& request) {
  auto answer = http_.send(request);
  if (!answer)
    return answer.error();
  repeated_ = repeated_ || answer->repeated;
  if (answer->status != 200)
    return connect_error(answer->status, answer->body);
  const auto type =
      std::string_view{answer->content_type}.substr(0, answer->content_type.find(';'));
  if (type != "application/proto")
    return error{errc::internal, "the answer's content type is \"" + answer->content_type +
                                     "\", not application/proto"};
  return std::move(answer->body);
}

result<found_output> connect_endpoint::get_by(steady::time_point deadline,
                                              const call_context& context, const entry_key& key) {
  auto reply = call<cacheservice::GetCacheResponse>("Get", deadline, context, key,
                                                    request_for<v2::GetCacheRequest>(key));
  if (!reply)
    return reply.error();
  // An entry without metadata is for the caller to judge: it may replace it.
  if (!reply->has_output() ||
      reply->output().output_case() == cacheservice::CachedOutput::OUTPUT_NOT_SET)
    return error{errc::internal,
                 "Get of key \"" + key.key + "\" at " + config_.url + ": the answer has no output"};
  return found_output{std::move(*reply->mutable_output()), std::nullopt};
}

result<put_status> connect_endpoint::put(const call_context& context, const entry_key& key,
                                         const cacheservice::CachedOutput& output,
                                         const put_condition& when) {
  const auto deadline = deadline_of(context);
  if (when.held) {
    // Flyte's calls carry no fencing token, so the reservation is extended just before.
    auto holder = reserve_by(deadline, context, key, when.held->owner, duration::zero());
    if (!holder)
      return holder.error();
    if (holder->owner != when.held->owner)
      return error{errc::failed_precondition, "Put of key \"" + key.key + "\" at " + config_.url +
                                                  ": the reservation is held by \"" +
                                                  holder->owner + "\" now"};
  }
  auto request = request_for<v2::PutCacheRequest>(key);
  *request.mutable_base_request()->mutable_output() = output;
  if (when.overwrite || when.generation || when.max_age) {
    auto& overwrite = *request.mutable_base_request()->mutable_overwrite();
    overwrite.set_overwrite(when.overwrite || when.generation);
    if (when.max_age)
      *overwrite.mutable_max_age() = to_wire(*when.max_age);
  }
  auto done = call<cacheservice::PutCacheResponse>("Put", deadline, context, key, request);
  if (done)
    return put_status::stored;
  if (done.error().code != errc::already_exists)
    return done.error();
  // Ours, put by a try whose answer was lost or by somebody with the same result, or another's?
  auto present = get_by(deadline, context, key);
  if (present)
    return content_digest(*present->output) == content_digest(output) ? put_status::already_same
                                                                      : put_status::already_other;
  if (present.error().code != errc::not_found)
    return present.error();
  return error{errc::aborted, "Put of key \"" + key.key + "\" at " + config_.url +
                                  ": an entry was in the way and has gone meanwhile"};
}

result<reservation> connect_endpoint::reserve_by(steady::time_point deadline,
                                                 const call_context& context, const entry_key& key,
                                                 const std::string& owner, duration heartbeat) {
  auto request = request_for<v2::GetOrExtendReservationRequest>(key);
  request.mutable_base_request()->set_owner_id(owner);
  *request.mutable_base_request()->mutable_heartbeat_interval() = to_wire(heartbeat);
  auto reply = call<cacheservice::GetOrExtendReservationResponse>("GetOrExtendReservation",
                                                                  deadline, context, key, request);
  if (!reply)
    return reply.error();
  const auto& held = reply->reservation();
  if (held.owner_id().empty())
    return error{errc::internal, "GetOrExtendReservation of key \"" + key.key + "\" at " +
                                     config_.url + ": the answer has no reservation"};
  const auto heartbeat_in_force = from_wire(held.heartbeat_interval(), "heartbeat_interval");
  const auto expires = from_wire(held.expires_at(), "expires_at");
  if (!heartbeat_in_force || !expires)
    return error{errc::internal,
                 "GetOrExtendReservation of key \"" + key.key + "\" at " + config_.url + ": " +
                     (expires ? heartbeat_in_force.error() : expires.error()).message};
  reservation in_force;
  in_force.key = key; // not the answer's: Flyte's service gives a form of its own
  in_force.owner = held.owner_id();
  in_force.heartbeat = *heartbeat_in_force;
  in_force.expires = *expires;
  return in_force;
}

} // namespace

result<void> connect_config::validate() const {
  if (auto parsed = parse_service_url(url); !parsed)
    return parsed.error();
  if (timeout <= duration::zero())
    return error{errc::invalid_argument,
                 "timeout is " + std::to_string(timeout.count()) + " ns; it must be over 0"};
  for (const char c : token)
    if (c <= ' ' || c > '~')
      return error{errc::invalid_argument,
                   "token holds a character that is not printable ASCII without spaces"};
  return {};
}

std::unique_ptr<cache_endpoint> make_connect_endpoint(connect_config config) {
  config.validate().value();
  auto url = parse_service_url(config.url).value();
  return std::make_unique<connect_endpoint>(std::move(config), std::move(url));
}

} // namespace deja
