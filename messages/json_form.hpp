#pragma once

#include <deja/messages/error.hpp>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>

// The texts that stand for single values in the proto3 JSON form, as the cache key hashes it.

namespace deja {

/// The normal form of a finite number: sign, binary exponent, `:`, binary digits. 1 is `+0:1`,
/// 1.5 is `+1:011`, 0.25 is `+-2:1`, 0 and -0 are `+0:`.
std::string number_form(double number);

/// RFC 3339 in UTC with 0, 3, 6 or 9 fractional digits. Takes any seconds, and writes years outside
/// 1 to 9999 as Go's standard library does. invalid_argument where nanos are not within [0, 1e9).
result<std::string> timestamp_text(const google::protobuf::Timestamp& time);

/// Decimal seconds with 0, 3, 6 or 9 fractional digits and `s`. invalid_argument where the span is
/// over 315,576,000,000 s, nanos are over 999,999,999 or the signs differ.
result<std::string> duration_text(const google::protobuf::Duration& span);

} // namespace deja
