#pragma once

#include <deja/messages/error.hpp>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <boost/static_string/static_string.hpp>

#include <string_view>

// The texts that stand for single values in the proto3 JSON form, as the cache key hashes it.

namespace deja {

/// Room for each of them, so that none costs an allocation.
using short_text = boost::static_strings::static_string<64>;

inline std::string_view view_of(const short_text& text) {
  return {text.data(), text.size()};
}

/// The normal form of a finite number: sign, binary exponent, `:`, binary digits. 1 is `+0:1`,
/// 1.5 is `+1:011`, 0.25 is `+-2:1`, 0 and -0 are `+0:`.
short_text number_form(double number);

/// In decimal.
short_text integer_form(std::int64_t number);
short_text integer_form(std::uint64_t number);

/// RFC 3339 in UTC with 0, 3, 6 or 9 fractional digits. Takes any seconds, and writes years outside
/// 1 to 9999 as Go's standard library does. invalid_argument where nanos are not within [0, 1e9).
result<short_text> timestamp_text(const google::protobuf::Timestamp& time);

/// Decimal seconds with 0, 3, 6 or 9 fractional digits and `s`. invalid_argument where the span is
/// over 315,576,000,000 s, nanos are over 999,999,999 or the signs differ.
result<short_text> duration_text(const google::protobuf::Duration& span);

} // namespace deja
