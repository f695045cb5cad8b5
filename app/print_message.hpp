#pragma once

#include <deja/messages/error.hpp>

#include <google/protobuf/timestamp.pb.h>

namespace deja::app {

/// A message in proto3 JSON, in one line; with `zeros` also the numbers that are 0.
std::string json_line(const google::protobuf::Message& message, bool zeros = false);

/// A time for people; "unknown" where it is none.
std::string time_text(const google::protobuf::Timestamp& time);

/// Ends what goes to standard output; the exit status.
int finish_output(int status);

} // namespace deja::app
