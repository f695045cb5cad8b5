#include <deja/transport/connect/proto_time.hpp>

namespace deja {

namespace {

duration nanoseconds(std::int64_t seconds, std::int64_t rest) {
  duration::rep whole = 0;
  if (__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &whole) ||
      __builtin_add_overflow(whole, rest, &whole))
    return seconds < 0 ? duration::min() : duration::max();
  return duration{whole};
}

} // namespace

google::protobuf::Duration to_proto(duration span) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span);
  google::protobuf::Duration proto;
  proto.set_seconds(seconds.count());
  proto.set_nanos(static_cast<std::int32_t>((span - seconds).count()));
  return proto;
}

duration from_proto(const google::protobuf::Duration& span) {
  return nanoseconds(span.seconds(), span.nanos());
}

wall_time from_proto(const google::protobuf::Timestamp& time) {
  return wall_time{nanoseconds(time.seconds(), time.nanos())};
}

} // namespace deja
