#include <deja/app/print_message.hpp>

#include <deja/app/command_line.hpp>
#include <deja/app/run/explanation.hpp>
#include <deja/messages/cached_output.hpp>

#include <google/protobuf/util/json_util.h>

#include <iostream>

namespace deja::app {

std::string json_line(const google::protobuf::Message& message, bool zeros) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = zeros;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok())
    return "null";
  return text;
}

std::string time_text(const google::protobuf::Timestamp& time) {
  const auto read = from_wire(time, "");
  return read ? run::date_and_time(*read) : "unknown";
}

int finish_output(int status) {
  if (!std::cout.flush())
    return fail({errc::unavailable, "cannot write to standard output"});
  return status;
}

} // namespace deja::app
