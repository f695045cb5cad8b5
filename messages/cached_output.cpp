#include <deja/messages/cached_output.hpp>

#include <deja/messages/proto_bytes.hpp>

#include <limits>

namespace deja {

namespace {

constexpr std::int64_t second = 1'000'000'000;

template <class Message>
result<std::int64_t> nanoseconds(const Message& value, std::int64_t limit, std::string_view what) {
  const bool fits = value.seconds() >= -limit && value.seconds() <= limit;
  const bool valid = value.nanos() > -second && value.nanos() < second;
  if (!fits || !valid)
    return error{errc::invalid_argument, std::string{what} + " of " +
                                             std::to_string(value.seconds()) + " s and " +
                                             std::to_string(value.nanos()) + " ns is out of range"};
  return value.seconds() * second + value.nanos();
}

// So that seconds and any valid nanos stay within 64 bits of nanoseconds.
constexpr std::int64_t most_seconds = std::numeric_limits<std::int64_t>::max() / second - 1;

template <class Message>
Message to_message(std::int64_t total, bool floor) {
  Message value;
  auto seconds = total / second, nanos = total % second;
  if (floor && nanos < 0) {
    --seconds;
    nanos += second;
  }
  value.set_seconds(seconds);
  value.set_nanos(static_cast<std::int32_t>(nanos));
  return value;
}

} // namespace

digest content_digest(const flyteidl2::cacheservice::CachedOutput& output) {
  if (!output.has_metadata())
    return sha256::of(serialize(output));
  auto bare = output;
  bare.clear_metadata();
  return sha256::of(serialize(bare));
}

std::string without_times(const flyteidl2::cacheservice::CachedOutput& output) {
  if (!output.metadata().has_created_at() && !output.metadata().has_last_updated_at())
    return output.SerializeAsString();
  auto timeless = output;
  timeless.mutable_metadata()->clear_created_at();
  timeless.mutable_metadata()->clear_last_updated_at();
  return timeless.SerializeAsString();
}

std::string with_times(std::string_view wire, wall_time created, wall_time updated) {
  flyteidl2::cacheservice::CachedOutput times;
  *times.mutable_metadata()->mutable_created_at() = to_wire(created);
  *times.mutable_metadata()->mutable_last_updated_at() = to_wire(updated);
  std::string whole{wire};
  times.AppendToString(&whole);
  return whole;
}

result<duration> from_wire(const google::protobuf::Duration& span, std::string_view what) {
  const bool signs_differ =
      (span.seconds() > 0 && span.nanos() < 0) || (span.seconds() < 0 && span.nanos() > 0);
  if (signs_differ)
    return error{errc::invalid_argument,
                 std::string{what} + " has seconds and nanos of different signs"};
  const auto total = nanoseconds(span, most_seconds, what);
  if (!total)
    return total.error();
  return duration{*total};
}

result<wall_time> from_wire(const google::protobuf::Timestamp& time, std::string_view what) {
  if (time.nanos() < 0)
    return error{errc::invalid_argument, std::string{what} + " has negative nanos"};
  const auto total = nanoseconds(time, most_seconds, what);
  if (!total)
    return total.error();
  return wall_time{duration{*total}};
}

google::protobuf::Duration to_wire(duration span) {
  return to_message<google::protobuf::Duration>(span.count(), false);
}

google::protobuf::Timestamp to_wire(wall_time time) {
  return to_message<google::protobuf::Timestamp>(time.time_since_epoch().count(), true);
}

} // namespace deja
