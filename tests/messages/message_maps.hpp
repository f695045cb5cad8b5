#pragma once

#include <flyteidl2/core/artifact_id.pb.h>
#include <flyteidl2/core/literals.pb.h>
#include <flyteidl2/core/types.pb.h>

#include <stdexcept>
#include <type_traits>

// Access to map fields by their descriptors. protobuf's reflection would copy a map, with all that
// it holds, at the first look into it: too much for maps thousands of levels inside one another.

namespace deja::testing {

namespace owners {

namespace core = flyteidl2::core;
using google::protobuf::Struct;

inline const auto& map_of(const core::LiteralMap& owner) {
  return owner.literals();
}

inline auto& map_of(core::LiteralMap& owner) {
  return *owner.mutable_literals();
}

inline const auto& map_of(const core::Literal& owner) {
  return owner.metadata();
}

inline auto& map_of(core::Literal& owner) {
  return *owner.mutable_metadata();
}

inline const auto& map_of(const core::TypeStructure& owner) {
  return owner.dataclass_type();
}

inline auto& map_of(core::TypeStructure& owner) {
  return *owner.mutable_dataclass_type();
}

inline const auto& map_of(const core::Partitions& owner) {
  return owner.value();
}

inline auto& map_of(core::Partitions& owner) {
  return *owner.mutable_value();
}

inline const auto& map_of(const Struct& owner) {
  return owner.fields();
}

inline auto& map_of(Struct& owner) {
  return *owner.mutable_fields();
}

// Whether the message is an Owner, and so its map was visited. No owner has two.
template <class Owner, class Message, class Visit>
bool visited(Message& message, Visit& visit) {
  if (message.GetDescriptor() != Owner::descriptor())
    return false;
  visit(map_of(
      static_cast<std::conditional_t<std::is_const_v<Message>, const Owner, Owner>&>(message)));
  return true;
}

} // namespace owners

/// Calls `visit` with the map that `message`, which may be const, holds. Throws for a message whose
/// map isn't listed here.
template <class Message, class Visit>
void visit_map(Message& message, Visit visit) {
  using owners::visited;
  namespace core = flyteidl2::core;
  if (!visited<core::LiteralMap>(message, visit) && !visited<core::Literal>(message, visit) &&
      !visited<core::TypeStructure>(message, visit) && !visited<core::Partitions>(message, visit) &&
      !visited<google::protobuf::Struct>(message, visit))
    throw std::logic_error{"message_maps.hpp lists no map of " + message.GetTypeName()};
}

} // namespace deja::testing
