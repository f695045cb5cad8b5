#pragma once

#include <deja/messages/json_form.hpp>
#include <deja/messages/sha256_engine.hpp>

#include <string_view>

// The object hash of the JSON values that hold no others. All thread-safe.

namespace deja {

/// A JSON value that holds no others, as it is hashed: a tag for its type, and a text.
struct simple_value {
  char tag;
  std::string_view text;
};

/// The text that says a number; a NaN or infinity has no JSON number and goes by its name, a
/// string.
struct number_text {
  explicit number_text(double number);

  simple_value value() const { return {tag, view_of(text)}; }

  char tag;
  short_text text;
};

constexpr simple_value null_value{'n', {}};

constexpr simple_value boolean_value(bool value) {
  return {'b', value ? "1" : "0"};
}

/// `text` must be UTF-8; it is hashed as it is, without Unicode normalisation.
constexpr simple_value string_value(std::string_view text) {
  return {'u', text};
}

/// An object without members.
constexpr simple_value empty_object{'d', {}};

/// The SHA-256 input of a value, padded.
using value_block = std::array<std::uint8_t, sha256_block_size>;

/// Writes the value's block; false, and nothing is written, where it needs more than one.
bool to_block(const simple_value& value, value_block& block);

digest hash_of(const simple_value& value);

} // namespace deja
