#pragma once

#include <deja/messages/sha256.hpp>

#include <google/protobuf/struct.pb.h>

// The object hash of what google.protobuf.Struct can hold. It is made level by level from the
// innermost, so that what doesn't hold one another is hashed side by side.
//
// `room`: the most objects and arrays inside one another. Errors: invalid_argument, whose message
// begins with the path to the offending value within what was given, `["x"][3]: …`: a Value of no
// kind, a text that is not UTF-8, nesting over `room`. Thread-safe; the stack in use does not
// depend on the value, the memory is some 100 bytes an object or array.

namespace deja {

result<digest> struct_hash(const google::protobuf::Struct& object, std::size_t room);
result<digest> struct_hash(const google::protobuf::ListValue& array, std::size_t room);

} // namespace deja
