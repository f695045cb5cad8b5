#include <deja/messages/proto_bytes.hpp>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

namespace deja {

namespace io = google::protobuf::io;

result<void> parse_message(google::protobuf::MessageLite& message, std::string_view bytes) {
  if (bytes.size() > max_message_size)
    return error{errc::invalid_argument,
                 "cannot parse a " + message.GetTypeName() + " of " + std::to_string(bytes.size()) +
                     " bytes: the limit is " + std::to_string(max_message_size)};
  io::CodedInputStream input{reinterpret_cast<const std::uint8_t*>(bytes.data()),
                             static_cast<int>(bytes.size())};
  input.SetRecursionLimit(max_message_depth);
  if (!message.ParseFromCodedStream(&input) || !input.ConsumedEntireMessage())
    return error{errc::invalid_argument, "these " + std::to_string(bytes.size()) +
                                             " bytes are no valid " + message.GetTypeName() +
                                             " (nested at most " +
                                             std::to_string(max_message_depth) + " deep)"};
  return {};
}

std::string serialize(const google::protobuf::MessageLite& message) {
  const auto size = message.ByteSizeLong();
  if (size > max_message_size)
    throw failure({errc::invalid_argument, "cannot serialize a " + message.GetTypeName() + " of " +
                                               std::to_string(size) + " bytes: the limit is " +
                                               std::to_string(max_message_size)});
  std::string bytes;
  bytes.reserve(size); // the stream takes what room there is, before it grows it
  {
    io::StringOutputStream sink{&bytes};
    io::CodedOutputStream output{&sink};
    output.SetSerializationDeterministic(true);
    message.SerializeWithCachedSizes(&output); // a string takes all of it
  }
  return bytes;
}

} // namespace deja
