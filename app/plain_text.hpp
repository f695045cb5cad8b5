#pragma once

#include <string>
#include <string_view>

namespace deja::app {

/// With U+FFFD for each byte that belongs to no well-formed UTF-8 character.
std::string valid_utf8(std::string_view text);

/// As it may be printed to a terminal, in one line: with `\x1b` for each control character and for
/// each byte that belongs to no well-formed UTF-8 character. For texts that others have chosen.
std::string printable(std::string_view text);

} // namespace deja::app
