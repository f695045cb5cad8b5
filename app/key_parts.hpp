#pragma once

#include <deja/messages/catalog.hpp>

namespace deja::app {

/// Something with a name and a hash or value of its own.
struct named_part {
  std::string name;
  std::string value;

  auto operator<=>(const named_part&) const = default;
};

/// How an input counts.
enum class input_use {
  value,   ///< By its value.
  hash,    ///< By the `hash` that its literal has.
  ignored, ///< Not at all: it is one of cache_ignore_input_vars.
  unknown, ///< Not at all: the task's interface takes no inputs.
};

/// An input of a key. `hash` is that of a map of it alone, also where it doesn't count.
struct input_part {
  std::string name;
  std::string hash;
  input_use use = input_use::value;

  bool operator==(const input_part&) const = default;
};

/// A cache key and what goes into each part of it, for people. The hashes are as they stand in the
/// key, or in the same letters.
struct key_parts {
  std::string key;
  std::string identifier, taken, given, inputs, cache_version; ///< The key's parts, in their order.
  std::vector<named_part> identifier_fields;                   ///< Those in the key.
  std::string version;                                         ///< The task's; not in the key.
  std::vector<named_part> taken_variables, given_variables;    ///< With their types' hashes.
  std::vector<input_part> input_values;                        ///< Sorted by name.
};

/// Takes a key apart. Errors: those of `make_key`.
result<key_parts> take_apart(const catalog_key& key);

/// One thing in which two keys differ.
struct key_difference {
  std::string part; ///< `identifier`, `interface inputs`, `interface outputs`, `inputs`, …
  std::string name; ///< What in it; empty: all of it.
  std::string how;  ///< `differs`, `only in A`, …

  bool operator==(const key_difference&) const = default;
};

/// In what two keys differ, each part by its own names; `one` and `other` name the two.
std::vector<key_difference> compare(const key_parts& left, const key_parts& right,
                                    const std::string& one, const std::string& other);

} // namespace deja::app
