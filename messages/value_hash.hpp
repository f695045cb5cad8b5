#pragma once

#include <deja/messages/sha256.hpp>

#include <string_view>

// The object hash of the JSON values that hold no others. All thread-safe.

namespace deja {

digest null_hash();
digest boolean_hash(bool value);

/// `text` must be UTF-8; it is hashed as it is, without Unicode normalisation.
digest string_hash(std::string_view text);

/// Of a number; a NaN or infinity has no JSON number and goes by its name, a string.
digest number_hash(double value);

} // namespace deja
