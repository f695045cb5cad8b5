#pragma once

#include <deja/messages/error.hpp>

#include <string_view>

namespace deja {

/// The failure that a Connect service's answer tells: code and message of its JSON body, or, where
/// the body is no such JSON, the code that stands for the HTTP status.
error connect_error(int status, std::string_view body);

} // namespace deja
