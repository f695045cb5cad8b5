#include <deja/transport/connect/extension_client.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/transport/connect/extension_wire.hpp>

namespace deja {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::string_view service_path = "/deja.v1.CacheService/";

/// For so long a service that did not have the extension is taken at its word.
constexpr auto believed = std::chrono::minutes{5};

/// Of a call's body: half of what a service takes unless it was told otherwise.
constexpr std::size_t bytes_per_call = std::size_t{2} << 20;

error no_answer(const char* what) {
  return {errc::internal, std::string{"the answer has no "} + what};
}

result<found_output> read(v1::GetOutcome& outcome) {
  if (outcome.has_error())
    return from_wire(outcome.error());
  // An entry without metadata is for the caller to judge: it may replace it.
  if (outcome.output().output_case() == cacheservice::CachedOutput::OUTPUT_NOT_SET)
    return no_answer("output");
  return found_output{std::move(*outcome.mutable_output()), outcome.generation()};
}

result<put_status> read(const v1::PutOutcome& outcome) {
  if (outcome.has_error())
    return from_wire(outcome.error());
  switch (outcome.status()) {
  case v1::PUT_STATUS_STORED:
    return put_status::stored;
  case v1::PUT_STATUS_ALREADY_SAME:
    return put_status::already_same;
  case v1::PUT_STATUS_ALREADY_OTHER:
    return put_status::already_other;
  default:
    return no_answer("status that is known");
  }
}

result<reservation> read(const v1::ReserveOutcome& outcome) {
  if (outcome.has_error())
    return from_wire(outcome.error());
  auto held = from_wire(outcome.reservation());
  if (!held)
    return error{errc::internal, "the answer: " + held.error().message};
  return held;
}

result<void> read(const v1::ReleaseOutcome& outcome) {
  if (outcome.has_error())
    return from_wire(outcome.error());
  return {};
}

void add(v1::GetRequest& to, const entry_key& key) {
  *to.add_keys() = to_wire(key);
}

void add(v1::PutRequest& to, const entry_put& put) {
  auto& item = *to.add_items();
  *item.mutable_key() = to_wire(put.key);
  *item.mutable_output() = *put.output;
  item.set_overwrite(put.when.overwrite);
  if (put.when.max_age)
    *item.mutable_max_age() = to_wire(*put.when.max_age);
  if (put.when.generation)
    item.set_replaces_generation(*put.when.generation);
  if (put.when.held) {
    item.mutable_fence()->set_owner_id(put.when.held->owner);
    item.mutable_fence()->set_fencing_token(put.when.held->token);
  }
}

void add(v1::ReserveRequest& to, const reservation_request& request) {
  auto& item = *to.add_items();
  *item.mutable_key() = to_wire(request.key);
  item.set_owner_id(request.owner);
  *item.mutable_heartbeat_interval() = to_wire(request.heartbeat);
}

void add(v1::ReleaseRequest& to, const release_request& request) {
  auto& item = *to.add_items();
  *item.mutable_key() = to_wire(request.key);
  item.set_owner_id(request.owner);
}

const entry_key& key_of(const entry_key& key) {
  return key;
}

template <class Item>
const entry_key& key_of(const Item& item) {
  return item.key;
}

std::size_t size_of(const entry_put& put) {
  return put.output->ByteSizeLong() + put.key.key.size() + 256;
}

template <class Item>
std::size_t size_of(const Item&) {
  return 0; // its limits keep it small
}

/// How many of the items go into one call, at least one.
template <class Item>
std::size_t fitting(std::span<const Item> items) {
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < std::min(items.size(), extension_client::items_per_call);
       ++count) {
    bytes += size_of(items[count]);
    if (count > 0 && bytes > bytes_per_call)
      break;
  }
  return count;
}

} // namespace

template <class Reply>
std::optional<result<Reply>>
extension_client::call(std::string_view method, time_point deadline, const call_context& context,
                       const std::string& doing, const google::protobuf::MessageLite& request) {
  if (offered_ == false && steady::now() < asked_ + believed)
    return std::nullopt;
  auto reply = caller_.call<Reply>(std::string{service_path} + std::string{method}, deadline,
                                   context, doing, request);
  if (!reply && reply.error().code == errc::unimplemented) {
    offered_ = false;
    asked_ = steady::now();
    return std::nullopt;
  }
  if (reply) // another failure, as that it is away, leaves open whether it has it
    offered_ = true;
  return reply;
}

template <class T, class Request, class Reply, class In>
extension_client::outcomes<T>
extension_client::call_many(std::string_view method, time_point deadline,
                            const call_context& context, std::span<const In> items) {
  std::vector<result<T>> all;
  all.reserve(items.size());
  while (!items.empty()) {
    const auto count = fitting(items);
    if (!call_some<T, Request, Reply>(method, deadline, context, items.first(count), all))
      return std::nullopt;
    items = items.subspan(count);
  }
  return all;
}

// One call; where it is too large for the service, or has an item that no call may have, one for
// each half. False: it is not offered.
template <class T, class Request, class Reply, class In>
bool extension_client::call_some(std::string_view method, time_point deadline,
                                 const call_context& context, std::span<const In> items,
                                 std::vector<result<T>>& into) {
  const auto doing = [&](const std::string& what) {
    return std::string{method} + " of " + what + " at " + caller_.url();
  };
  const auto one = [&](const In& item) {
    return doing("key \"" + key_of(item).key + '"');
  };
  Request request;
  for (const auto& item : items)
    add(request, item);
  const auto all =
      items.size() == 1 ? one(items[0]) : doing(std::to_string(items.size()) + " keys");
  auto reply = call<Reply>(method, deadline, context, all, request);
  if (!reply)
    return false;
  const auto is_refused = [](errc code) {
    return code == errc::resource_exhausted || code == errc::invalid_argument;
  };
  if (!*reply && is_refused(reply->error().code) && items.size() > 1) {
    const auto half = items.size() / 2;
    return call_some<T, Request, Reply>(method, deadline, context, items.first(half), into) &&
           call_some<T, Request, Reply>(method, deadline, context, items.subspan(half), into);
  }
  if (*reply && static_cast<std::size_t>((*reply)->outcomes_size()) != items.size())
    *reply = error{errc::internal, all + ": the answer has " +
                                       std::to_string((*reply)->outcomes_size()) + " outcomes"};
  for (std::size_t at = 0; at < items.size(); ++at) {
    if (!*reply) {
      into.push_back(reply->error());
      continue;
    }
    auto outcome = read(*(*reply)->mutable_outcomes(static_cast<int>(at)));
    if (!outcome)
      outcome = within(one(items[at]), outcome.error());
    into.push_back(std::move(outcome));
  }
  return true;
}

extension_client::outcomes<found_output> extension_client::get(time_point deadline,
                                                               const call_context& context,
                                                               std::span<const entry_key> keys) {
  auto all =
      call_many<found_output, v1::GetRequest, v1::GetResponse>("Get", deadline, context, keys);
  // What had no room in the answer is asked for again, as long as that brings something.
  for (bool progress = true; all && progress;) {
    std::vector<std::size_t> places;
    std::vector<entry_key> rest;
    for (std::size_t at = 0; at < keys.size(); ++at)
      if (const auto& one = (*all)[at]; !one && one.error().code == errc::resource_exhausted) {
        places.push_back(at);
        rest.push_back(keys[at]);
      }
    if (places.empty() || places.size() == keys.size())
      break;
    auto more = call_many<found_output, v1::GetRequest, v1::GetResponse>(
        "Get", deadline, context, std::span<const entry_key>{rest});
    if (!more)
      return std::nullopt;
    progress = false;
    for (std::size_t at = 0; at < places.size(); ++at) {
      progress = progress || (*more)[at];
      (*all)[places[at]] = std::move((*more)[at]);
    }
  }
  return all;
}

extension_client::outcomes<put_status> extension_client::put(time_point deadline,
                                                             const call_context& context,
                                                             std::span<const entry_put> puts) {
  return call_many<put_status, v1::PutRequest, v1::PutResponse>("Put", deadline, context, puts);
}

extension_client::outcomes<reservation>
extension_client::reserve(time_point deadline, const call_context& context,
                          std::span<const reservation_request> requests) {
  return call_many<reservation, v1::ReserveRequest, v1::ReserveResponse>("Reserve", deadline,
                                                                         context, requests);
}

extension_client::outcomes<void>
extension_client::release(time_point deadline, const call_context& context,
                          std::span<const release_request> requests) {
  return call_many<void, v1::ReleaseRequest, v1::ReleaseResponse>("Release", deadline, context,
                                                                  requests);
}

std::optional<result<waited>>
extension_client::wait(time_point deadline, const call_context& context, const wait_request& what) {
  v1::WaitRequest request;
  *request.mutable_key() = to_wire(what.key);
  if (what.newer_than)
    request.set_newer_than(*what.newer_than);
  request.set_entry_only(what.entry_only);
  const auto doing = "Wait for key \"" + what.key.key + "\" at " + caller_.url();
  auto reply = call<v1::WaitResponse>("Wait", deadline, context, doing, request);
  if (!reply)
    return std::nullopt;
  if (!*reply)
    return result<waited>{reply->error()};
  auto known = from_wire(**reply);
  if (!known)
    return result<waited>{error{errc::internal, doing + ": the answer: " + known.error().message}};
  return known;
}

} // namespace deja
