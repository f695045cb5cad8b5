#include <deja/transport/connect/extension_wire.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/messages/proto_bytes.hpp>

#include <array>

namespace deja {

namespace {

constexpr std::uint32_t usual_page = 100;
constexpr std::uint32_t largest_page = 1000;

constexpr std::array events{
    std::pair{wait_event::entry, v1::WAIT_EVENT_ENTRY},
    std::pair{wait_event::released, v1::WAIT_EVENT_RELEASED},
    std::pair{wait_event::expired, v1::WAIT_EVENT_EXPIRED},
    std::pair{wait_event::not_reserved, v1::WAIT_EVENT_NOT_RESERVED},
    std::pair{wait_event::timeout, v1::WAIT_EVENT_TIMEOUT},
};

} // namespace

v1::Key to_wire(const entry_key& key) {
  v1::Key wire;
  wire.set_org(key.where.org);
  wire.set_project(key.where.project);
  wire.set_domain(key.where.domain);
  wire.set_key(key.key);
  return wire;
}

entry_key from_wire(const v1::Key& key) {
  return {{key.org(), key.project(), key.domain()}, key.key()};
}

entry_key take_key(v1::Key& key) {
  return {{std::move(*key.mutable_org()), std::move(*key.mutable_project()),
           std::move(*key.mutable_domain())},
          std::move(*key.mutable_key())};
}

v1::Error to_wire(const error& why) {
  v1::Error wire;
  wire.set_code(std::string{to_string(why.code)});
  wire.set_message(why.message);
  return wire;
}

error from_wire(const v1::Error& why) {
  return {parse_errc(why.code()).value_or(errc::unknown), why.message()};
}

v1::Reservation to_wire(const reservation& held) {
  v1::Reservation wire;
  *wire.mutable_key() = to_wire(held.key);
  wire.set_owner_id(held.owner);
  wire.set_fencing_token(held.fencing_token);
  *wire.mutable_since() = to_wire(held.since);
  *wire.mutable_heartbeat_interval() = to_wire(held.heartbeat);
  *wire.mutable_expires_at() = to_wire(held.expires);
  return wire;
}

result<reservation> from_wire(const v1::Reservation& held) {
  if (held.owner_id().empty())
    return error{errc::invalid_argument, "the reservation has no owner"};
  const auto since = from_wire(held.since(), "since");
  if (!since)
    return since.error();
  const auto heartbeat = from_wire(held.heartbeat_interval(), "heartbeat_interval");
  if (!heartbeat)
    return heartbeat.error();
  const auto expires = from_wire(held.expires_at(), "expires_at");
  if (!expires)
    return expires.error();
  return reservation{
      from_wire(held.key()), held.owner_id(), held.fencing_token(), *since, *heartbeat, *expires};
}

v1::Entry to_wire(const entry& found) {
  v1::Entry wire;
  *wire.mutable_key() = to_wire(found.key);
  wire.set_task(found.task);
  if (const auto output = parse_message<flyteidl2::cacheservice::CachedOutput>(found.output))
    wire.set_output_uri(output->output_uri());
  wire.set_size(found.size);
  wire.set_generation(found.generation);
  *wire.mutable_created_at() = to_wire(found.created);
  *wire.mutable_updated_at() = to_wire(found.updated);
  *wire.mutable_accessed_at() = to_wire(found.accessed);
  if (found.expires)
    *wire.mutable_expires_at() = to_wire(*found.expires);
  return wire;
}

result<scan_filter> from_wire(const v1::Filter& asked, scan_filter::kind what,
                              std::uint32_t page_size) {
  const auto invalid = [](const std::string& why) {
    return error{errc::invalid_argument, why};
  };
  if (page_size > largest_page)
    return invalid("page_size is " + std::to_string(page_size) + "; at most " +
                   std::to_string(largest_page) + " is possible");
  scan_filter filter;
  filter.what = what;
  if (asked.has_org())
    filter.org = asked.org();
  if (asked.has_project())
    filter.project = asked.project();
  if (asked.has_domain())
    filter.domain = asked.domain();
  if (asked.has_task()) {
    if (what == scan_filter::kind::reservations)
      return invalid("filter.task is given; reservations have none");
    filter.task = asked.task();
  }
  filter.key_prefix = asked.key_prefix();
  if (asked.has_older_than()) {
    const auto age = from_wire(asked.older_than(), "filter.older_than");
    if (!age)
      return age.error();
    filter.older_than = *age;
  }
  filter.limit = page_size == 0 ? usual_page : page_size;
  return filter;
}

v1::WaitResponse to_wire(const waited& what) {
  v1::WaitResponse wire;
  for (const auto& [ours, theirs] : events)
    if (ours == what.event)
      wire.set_event(theirs);
  wire.set_generation(what.generation.value_or(0));
  if (what.holder)
    *wire.mutable_reservation() = to_wire(*what.holder);
  wire.set_others(what.others);
  return wire;
}

result<waited> from_wire(const v1::WaitResponse& what) {
  waited known;
  bool is_known = false;
  for (const auto& [ours, theirs] : events)
    if (theirs == what.event()) {
      known.event = ours;
      is_known = true;
    }
  if (!is_known)
    return error{errc::invalid_argument,
                 "event " + std::to_string(what.event()) + " of a wait is not known"};
  if (what.generation() != 0)
    known.generation = what.generation();
  if (what.has_reservation()) {
    auto holder = from_wire(what.reservation());
    if (!holder)
      return holder.error();
    known.holder = std::move(*holder);
  }
  known.others = what.others();
  return known;
}

} // namespace deja
