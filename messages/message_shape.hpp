#pragma once

#include <deja/messages/sha256.hpp>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <boost/container/small_vector.hpp>

#include <string>
#include <unordered_map>
#include <vector>

// What is constant for each message type that a cache key is made from: its members in the order
// that the object hash wants, the hashes of their names, and those of its enums' names.

namespace deja {

struct message_shape;

/// One entry of a map field.
struct map_item {
  const std::string* key;
  const google::protobuf::Message* message; ///< The value; null where it is a text.
  const std::string* text;                  ///< The value; null where it is a message.
  digest name{};                            ///< The hash of the key, once it is known.
  digest value{};                           ///< The hash of the value, if it is known already.
  bool has_value = false;                   ///< It is.
};

/// Room for the entries of small maps, which so cost no allocation.
using map_items = boost::container::small_vector<map_item, 8>;

/// Appends the entries of one map field of `message`, in any order.
using map_reader = void (*)(const google::protobuf::Message& message, map_items& items);

/// One field of a message.
struct member_shape {
  const google::protobuf::FieldDescriptor* field;
  digest name;               ///< The hash of its JSON name.
  const message_shape* type; ///< Of its value, elements or entries; null: no message.
  map_reader read_map;       ///< Null: not a map.
  std::unordered_map<int, digest> enum_names; ///< The hashes of an enum's names, by number.
};

/// How a message type is written in JSON.
enum class message_form {
  object,         ///< An object of its fields.
  literal,        ///< The same; a Literal, which hashing the inputs down can replace.
  variable,       ///< The same; a Variable.
  variable_entry, ///< The same; a VariableEntry.
  timestamp,      ///< google.protobuf.Timestamp: a string.
  duration,       ///< google.protobuf.Duration: a string.
  structure,      ///< google.protobuf.Struct: the object of its only field.
  list,           ///< google.protobuf.ListValue: the array of its only field.
  value,          ///< google.protobuf.Value: whatever it holds.
};

/// One message type.
struct message_shape {
  message_form form = message_form::object;
  std::vector<member_shape> members; ///< In the order of their names' hashes.

  /// Where among the members the field of that number is; there must be one.
  std::size_t index_of(int field_number) const;
};

/// The shape of a type that Identifier, VariableMap or LiteralMap reach, or null for another. All
/// shapes are made at the first call; thread-safe.
const message_shape* find_shape(const google::protobuf::Descriptor* type);

} // namespace deja
