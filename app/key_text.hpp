#pragma once

#include <deja/app/key_parts.hpp>

namespace deja::app {

/// A key's parts and what went into each, as a table of lines for people.
std::string to_text(const key_parts& parts);

/// The same as one line of JSON.
std::string to_json(const key_parts& parts);

/// In what two keys differ, a line each, or that they are the same.
std::string to_text(const std::vector<key_difference>& differences, const key_parts& left,
                    const key_parts& right);

/// The same as one line of JSON: `same`, `keys` and `differences`.
std::string to_json(const std::vector<key_difference>& differences, const key_parts& left,
                    const key_parts& right);

} // namespace deja::app
