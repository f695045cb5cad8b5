#pragma once

#include <deja/messages/cache.hpp>

#include <flyteidl2/cacheservice/cacheservice.pb.h>

namespace deja {

/// SHA-256 over the output without its metadata: equal for equal outputs, whoever put them when.
digest content_digest(const flyteidl2::cacheservice::CachedOutput& output);

/// The output's wire bytes without created_at and last_updated_at, as a `put_operation` takes them.
std::string without_times(const flyteidl2::cacheservice::CachedOutput& output);

/// Those bytes with both times. They are appended as a second `metadata` field: protobuf merges a
/// message field that occurs twice, so every reader sees one.
std::string with_times(std::string_view wire, wall_time created, wall_time updated);

/// The wire's times and spans. invalid_argument with `what` in its text where the value is outside
/// the schema's range or that of 64-bit nanoseconds (years 1678 to 2262, 292 years).
result<duration> from_wire(const google::protobuf::Duration& span, std::string_view what);
result<wall_time> from_wire(const google::protobuf::Timestamp& time, std::string_view what);
google::protobuf::Duration to_wire(duration span);
google::protobuf::Timestamp to_wire(wall_time time);

} // namespace deja
