#include <deja/transport/connect/connect_endpoint.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/transport/connect/extension_client.hpp>

#include <flyteidl2/cacheservice/v2/cacheservice.pb.h>

namespace deja {

namespace {

namespace v2 = flyteidl2::cacheservice::v2;
using time_point = connect_caller::time_point;

constexpr std::string_view service_path = "/flyteidl2.cacheservice.v2.CacheService/";

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
  explicit connect_endpoint(const connect_config& config) : caller_(config), extension_(caller_) {}

  result<found_output> get(const call_context& context, const entry_key& key) override {
    return get_by(caller_.deadline_of(context), context, key);
  }

  result<put_status> put(const call_context& context, const entry_key& key,
                         const cacheservice::CachedOutput& output,
                         const put_condition& when) override;

  result<void> remove(const call_context& context, const entry_key& key) override {
    auto done =
        call<cacheservice::DeleteCacheResponse>("Delete", caller_.deadline_of(context), context,
                                                key, request_for<v2::DeleteCacheRequest>(key));
    if (done)
      return {};
    // It was there, and went with an earlier try whose answer was lost.
    if (done.error().code == errc::not_found && caller_.repeated())
      return {};
    return done.error();
  }

  // The extension's tells the fencing token.
  result<reservation> reserve(const call_context& context, const entry_key& key,
                              const std::string& owner, duration heartbeat) override {
    const auto deadline = caller_.deadline_of(context);
    const reservation_request wanted{key, owner, heartbeat};
    if (auto all = extension_.reserve(deadline, context, {&wanted, 1}))
      return std::move(all->front());
    return reserve_by(deadline, context, key, owner, heartbeat);
  }

  result<void> release(const call_context& context, const entry_key& key,
                       const std::string& owner) override {
    auto request = request_for<v2::ReleaseReservationRequest>(key);
    request.mutable_base_request()->set_owner_id(owner);
    auto done = call<cacheservice::ReleaseReservationResponse>(
        "ReleaseReservation", caller_.deadline_of(context), context, key, request);
    if (!done)
      return done.error();
    return {};
  }

  std::vector<result<found_output>> get_many(const call_context& context,
                                             std::span<const entry_key> keys) override {
    if (keys.size() > 1)
      if (auto all = extension_.get(caller_.deadline_of(context), context, keys))
        return std::move(*all);
    return cache_endpoint::get_many(context, keys);
  }

  std::vector<result<put_status>> put_many(const call_context& context,
                                           std::span<const entry_put> puts) override {
    if (puts.size() > 1)
      if (auto all = extension_.put(caller_.deadline_of(context), context, puts))
        return std::move(*all);
    return cache_endpoint::put_many(context, puts);
  }

  std::vector<result<reservation>>
  reserve_many(const call_context& context,
               std::span<const reservation_request> requests) override {
    if (auto all = extension_.reserve(caller_.deadline_of(context), context, requests))
      return std::move(*all);
    return cache_endpoint::reserve_many(context, requests);
  }

  std::vector<result<void>> release_many(const call_context& context,
                                         std::span<const release_request> requests) override {
    if (requests.size() > 1)
      if (auto all = extension_.release(caller_.deadline_of(context), context, requests))
        return std::move(*all);
    return cache_endpoint::release_many(context, requests);
  }

  std::size_t items_per_call() const override {
    const auto offered = extension_.is_offered();
    return !offered ? 0 : *offered ? extension_client::items_per_call : 1;
  }

  result<waited> wait(const call_context& context, const wait_request& what) override {
    if (auto told = extension_.wait(caller_.deadline_of(context), context, what))
      return std::move(*told);
    return cache_endpoint::wait(context, what);
  }

private:
  result<found_output> get_by(time_point deadline, const call_context& context,
                              const entry_key& key);
  std::optional<result<put_status>> put_exactly(time_point deadline, const call_context& context,
                                                const entry_put& put);
  result<reservation> reserve_by(time_point deadline, const call_context& context,
                                 const entry_key& key, const std::string& owner,
                                 duration heartbeat);

  /// One of Flyte's calls.
  template <class Reply, class Request>
  result<Reply> call(std::string_view method, time_point deadline, const call_context& context,
                     const entry_key& key, const Request& request) {
    return caller_.call<Reply>(
        std::string{service_path} + std::string{method}, deadline, context,
        std::string{method} + " of key \"" + key.key + "\" at " + caller_.url(), request);
  }

  connect_caller caller_;
  extension_client extension_;
};

result<found_output> connect_endpoint::get_by(time_point deadline, const call_context& context,
                                              const entry_key& key) {
  auto reply = call<cacheservice::GetCacheResponse>("Get", deadline, context, key,
                                                    request_for<v2::GetCacheRequest>(key));
  if (!reply)
    return reply.error();
  // An entry without metadata is for the caller to judge: it may replace it.
  if (!reply->has_output() ||
      reply->output().output_case() == cacheservice::CachedOutput::OUTPUT_NOT_SET)
    return error{errc::internal, "Get of key \"" + key.key + "\" at " + caller_.url() +
                                     ": the answer has no output"};
  return found_output{std::move(*reply->mutable_output()), std::nullopt};
}

// With the fencing token and the generation, which Flyte's calls don't carry.
std::optional<result<put_status>> connect_endpoint::put_exactly(time_point deadline,
                                                                const call_context& context,
                                                                const entry_put& put) {
  auto all = extension_.put(deadline, context, {&put, 1});
  if (!all)
    return std::nullopt;
  auto& done = all->front();
  const bool perhaps_ours = !done && done.error().code == errc::failed_precondition &&
                            put.when.generation && caller_.repeated();
  if (perhaps_ours) // that generation was replaced by a try of ours whose answer was lost
    if (const auto present = get_by(deadline, context, put.key);
        present && content_digest(*present->output) == content_digest(*put.output))
      done = put_status::already_same;
  return std::move(done);
}

result<put_status> connect_endpoint::put(const call_context& context, const entry_key& key,
                                         const cacheservice::CachedOutput& output,
                                         const put_condition& when) {
  const auto deadline = caller_.deadline_of(context);
  if (when.held || when.generation)
    if (auto done = put_exactly(deadline, context, {key, output, when}))
      return std::move(*done);
  if (when.held) {
    // Flyte's calls carry no fencing token, so the reservation is extended just before.
    auto holder = reserve_by(deadline, context, key, when.held->owner, duration::zero());
    if (!holder)
      return holder.error();
    if (holder->owner != when.held->owner)
      return error{errc::failed_precondition, "Put of key \"" + key.key + "\" at " + caller_.url() +
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
  return error{errc::aborted, "Put of key \"" + key.key + "\" at " + caller_.url() +
                                  ": an entry was in the way and has gone meanwhile"};
}

result<reservation> connect_endpoint::reserve_by(time_point deadline, const call_context& context,
                                                 const entry_key& key, const std::string& owner,
                                                 duration heartbeat) {
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
                                     caller_.url() + ": the answer has no reservation"};
  const auto heartbeat_in_force = from_wire(held.heartbeat_interval(), "heartbeat_interval");
  const auto expires = from_wire(held.expires_at(), "expires_at");
  if (!heartbeat_in_force || !expires)
    return error{errc::internal,
                 "GetOrExtendReservation of key \"" + key.key + "\" at " + caller_.url() + ": " +
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
  return std::make_unique<connect_endpoint>(config);
}

} // namespace deja
