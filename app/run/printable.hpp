#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace deja::run {

/// The name with `%`, blanks, control bytes and all beyond ASCII as `%XX`: valid in a protobuf
/// string whatever a file is called, and no two names alike.
std::string printable(std::string_view name);

/// The name that `printable` made this text of; nothing where it did not.
std::optional<std::string> original(std::string_view text);

} // namespace deja::run
