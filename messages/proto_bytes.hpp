#pragma once

#include <deja/messages/error.hpp>

#include <google/protobuf/message_lite.h>

#include <string>
#include <string_view>

namespace deja {

/// The deepest nesting of messages that `parse_message` takes: far above protobuf's default of 100,
/// because Flyte's keys allow 10,000 objects inside one another. A map's entry is a level too, so
/// that a Struct in a Struct is three levels; 5,000 of them fit. Each level takes up to some 300
/// bytes of stack, in parsing and in destroying the message.
inline constexpr int max_message_depth = 15'100;

/// The largest message, in bytes: protobuf can't represent more than 2 GiB.
inline constexpr std::size_t max_message_size = 0x7fff'ffff;

/// Parses `bytes` into `message`, whatever was in it. invalid_argument where they are no such
/// message, are nested too deep, or are too many.
result<void> parse_message(google::protobuf::MessageLite& message, std::string_view bytes);

/// The same as a value.
template <class T>
result<T> parse_message(std::string_view bytes) {
  T message;
  if (auto parsed = parse_message(message, bytes); !parsed)
    return parsed.error();
  return message;
}

/// The message's bytes, the same for equal messages (maps in order of their keys).
std::string serialize(const google::protobuf::MessageLite& message);

} // namespace deja
