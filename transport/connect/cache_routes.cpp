#include <deja/transport/connect/cache_routes.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/connect/connect_call.hpp>
#include <deja/transport/connect/get_json.hpp>

#include <flyteidl2/cacheservice/v2/cacheservice.pb.h>

namespace deja::http {

namespace {

namespace v2 = flyteidl2::cacheservice::v2;

// Taken out of the request, not copied.
template <class Request>
entry_key take_key(Request& asked) {
  auto& identifier = *asked.mutable_identifier();
  return {{std::move(*identifier.mutable_org()), std::move(*identifier.mutable_project()),
           std::move(*identifier.mutable_domain())},
          std::move(*asked.mutable_base_request()->mutable_key())};
}

result<put_condition> condition_of(const cacheservice::OverwriteOutput& overwrite) {
  put_condition when{.overwrite = overwrite.overwrite()};
  if (overwrite.has_max_age()) {
    const auto age = from_wire(overwrite.max_age(), "overwrite.max_age");
    if (!age)
      return age.error();
    when.max_age = *age;
  }
  return when;
}

// GetCacheResponse's wire bytes around the output's, which are sent as they lie.
std::string get_response(const std::string& output) {
  constexpr char field_1_with_length = 0x0a;
  constexpr std::size_t most_of_length = 10;
  std::string bytes;
  bytes.reserve(1 + most_of_length + output.size());
  bytes += field_1_with_length;
  for (auto left = output.size();; left >>= 7) {
    const bool last = left < 0x80;
    bytes += static_cast<char>(last ? left : (left & 0x7f) | 0x80);
    if (last)
      break;
  }
  bytes += output;
  return bytes;
}

cacheservice::Reservation to_wire(const reservation& held) {
  cacheservice::Reservation wire;
  wire.set_key(held.key.key);
  wire.set_owner_id(held.owner);
  *wire.mutable_heartbeat_interval() = deja::to_wire(held.heartbeat);
  *wire.mutable_expires_at() = deja::to_wire(held.expires);
  return wire;
}

// GetCacheResponse in JSON; none where protobuf has to write it.
std::optional<std::string> json_of(const std::string& output) {
  cacheservice::CachedOutput message;
  if (!parse_message(message, output))
    return std::nullopt;
  return write_get_response(message);
}

class cache_calls : public std::enable_shared_from_this<cache_calls> {
public:
  cache_calls(index& entries, write_path write, const cache_routes_config& config)
      : index_(entries), write_(std::move(write)), rules_(config.limits),
        counters_(config.counters), drop_(config.drop) {}

  void get(v2::GetCacheRequest& asked, const call_answer<cacheservice::GetCacheResponse>& answer) {
    std::vector<entry_key> keys;
    keys.push_back(take_key(asked));
    if (auto valid = rules_.check(keys.front()); !valid)
      return answer.fail(valid.error());
    auto done = [answer, key = keys.front().key,
                 counters = counters_](const std::vector<outcome>& found) {
      const auto& [why, entry, reserved] = found.front();
      if (why)
        return answer.fail(*why);
      ++(entry ? counters->hits : counters->misses);
      if (!entry)
        answer.fail({errc::not_found, "there is no entry for key \"" + key + "\""});
      else if (auto text = answer.wants_json() ? json_of(entry->output) : std::nullopt)
        answer.json(std::move(*text));
      else
        answer.wire(get_response(entry->output));
    };
    index_.lookup(std::move(keys), std::move(done));
  }

  void put(v2::PutCacheRequest& asked, const call_answer<cacheservice::PutCacheResponse>& answer) {
    const auto when = condition_of(asked.base_request().overwrite());
    if (!when)
      return answer.fail(when.error());
    const bool drops = drop_ && asked.base_request().overwrite().delete_blob();
    write(rules_.put(take_key(asked), asked.base_request().output(), *when), answer,
          [answer, counters = counters_, drop = drops ? drop_ : nullptr](const outcome& done) {
            counters->puts += done.why ? 0 : 1;
            if (drop && !done.why)
              drop();
            answer.done(was_done(done));
          });
  }

  void remove(v2::DeleteCacheRequest& asked,
              const call_answer<cacheservice::DeleteCacheResponse>& answer) {
    write(rules_.remove(take_key(asked)), answer,
          [answer](const outcome& done) { answer.done(was_done(done)); });
  }

  void reserve(v2::GetOrExtendReservationRequest& asked,
               const call_answer<cacheservice::GetOrExtendReservationResponse>& answer) {
    const auto& base = asked.base_request();
    const auto heartbeat = from_wire(base.heartbeat_interval(), "heartbeat_interval");
    if (!heartbeat)
      return answer.fail(heartbeat.error());
    write(rules_.reserve(take_key(asked), base.owner_id(), *heartbeat), answer,
          [answer](const outcome& done) {
            const auto held = was_reserved(done);
            if (!held)
              return answer.fail(held.error());
            cacheservice::GetOrExtendReservationResponse response;
            *response.mutable_reservation() = to_wire(*held);
            answer(response);
          });
  }

  void release(v2::ReleaseReservationRequest& asked,
               const call_answer<cacheservice::ReleaseReservationResponse>& answer) {
    write(rules_.release(take_key(asked), asked.base_request().owner_id()), answer,
          [answer](const outcome& done) { answer.done(was_done(done)); });
  }

private:
  void write(result<operation> what, const raw_answer& answer,
             std::function<void(outcome)> done) const {
    if (!what)
      return answer.fail(what.error());
    write_(std::move(*what), std::move(done),
           [answer](std::function<void()> task) { answer.post(std::move(task)); });
  }

  index& index_;
  const write_path write_;
  const call_rules rules_;
  const std::shared_ptr<call_counters> counters_;
  const drop_contents drop_;
};

} // namespace

std::vector<route> cache_routes(index& entries, write_path write, cache_routes_config config) {
  config.limits.validate().value();
  const auto calls = std::make_shared<cache_calls>(entries, std::move(write), config);
  const auto row = [&]<class Request, class Response>(
                       std::string_view method,
                       void (cache_calls::*call)(Request&, const call_answer<Response>&),
                       json_reader<Request> read_json = nullptr) {
    const auto serve = [calls, call](Request& asked, const call_context&,
                                     const call_answer<Response>& answer) {
      ((*calls).*call)(asked, answer);
    };
    return route{"POST", "/flyteidl2.cacheservice.v2.CacheService/" + std::string{method},
                 connect_call<Request, Response>(serve, config.max_body, read_json)};
  };
  return {row("Get", &cache_calls::get, read_get_request), row("Put", &cache_calls::put),
          row("Delete", &cache_calls::remove), row("GetOrExtendReservation", &cache_calls::reserve),
          row("ReleaseReservation", &cache_calls::release)};
}

} // namespace deja::http
