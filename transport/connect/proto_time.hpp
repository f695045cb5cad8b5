#pragma once

#include <deja/messages/cache.hpp>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

namespace deja {

/// A span of time as protobuf has it. Its seconds and nanoseconds have the same sign.
google::protobuf::Duration to_proto(duration span);

/// What doesn't fit into 64 bits of nanoseconds (292 years) becomes the longest or shortest that
/// does.
duration from_proto(const google::protobuf::Duration& span);
wall_time from_proto(const google::protobuf::Timestamp& time);

} // namespace deja
