#include <deja/messages/message_shape.hpp>

#include <deja/messages/value_hash.hpp>

#include <flyteidl2/core/artifact_id.pb.h>
#include <flyteidl2/core/identifier.pb.h>
#include <flyteidl2/core/interface.pb.h>
#include <flyteidl2/core/literals.pb.h>
#include <flyteidl2/core/types.pb.h>

#include <algorithm>
#include <stdexcept>
#include <type_traits>

namespace deja {

namespace {

namespace core = flyteidl2::core;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// protobuf's reflection reads a map by first copying it, with all that it holds, into a list; so
// maps are read through their own accessors.
template <class Owner, auto Field>
void read_map(const Message& message, map_items& items) {
  for (const auto& [key, value] : (static_cast<const Owner&>(message).*Field)()) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, std::string>)
      items.push_back({&key, nullptr, &value});
    else
      items.push_back({&key, &value, nullptr});
  }
}

template <class Value>
using map_of = google::protobuf::Map<std::string, Value>;

template <class Owner, class Value>
using getter = const map_of<Value>& (Owner::*)() const;

const std::unordered_map<std::string, map_reader>& map_readers() {
  static const std::unordered_map<std::string, map_reader> readers{
      {"flyteidl2.core.LiteralMap.literals",
       read_map<core::LiteralMap,
                getter<core::LiteralMap, core::Literal>{&core::LiteralMap::literals}>},
      {"flyteidl2.core.Literal.metadata",
       read_map<core::Literal, getter<core::Literal, std::string>{&core::Literal::metadata}>},
      {"flyteidl2.core.TypeStructure.dataclass_type",
       read_map<core::TypeStructure,
                getter<core::TypeStructure, core::LiteralType>{
                    &core::TypeStructure::dataclass_type}>},
      {"flyteidl2.core.Partitions.value",
       read_map<core::Partitions,
                getter<core::Partitions, core::LabelValue>{&core::Partitions::value}>},
      {"google.protobuf.Struct.fields",
       read_map<google::protobuf::Struct,
                getter<google::protobuf::Struct, google::protobuf::Value>{
                    &google::protobuf::Struct::fields}>},
  };
  return readers;
}

message_form form_of(const Descriptor* type) {
  static const std::unordered_map<std::string, message_form> forms{
      {"flyteidl2.core.Literal", message_form::literal},
      {"flyteidl2.core.Variable", message_form::variable},
      {"flyteidl2.core.VariableEntry", message_form::variable_entry},
      {"google.protobuf.Timestamp", message_form::timestamp},
      {"google.protobuf.Duration", message_form::duration},
      {"google.protobuf.Struct", message_form::structure},
      {"google.protobuf.ListValue", message_form::list},
      {"google.protobuf.Value", message_form::value},
  };
  const auto known = forms.find(type->full_name());
  return known == forms.end() ? message_form::object : known->second;
}

class shapes {
public:
  shapes() {
    for (const auto* root : {core::Identifier::descriptor(), core::VariableMap::descriptor(),
                             core::LiteralMap::descriptor()})
      add(root);
  }

  const message_shape* find(const Descriptor* type) const {
    const auto known = all_.find(type);
    return known == all_.end() ? nullptr : &known->second;
  }

private:
  // A type can hold itself, so it is entered before its members are.
  const message_shape* add(const Descriptor* type) {
    const auto [known, is_new] = all_.try_emplace(type);
    auto& shape = known->second;
    if (!is_new)
      return &shape;
    shape.form = form_of(type);
    for (int at = 0; at < type->field_count(); ++at)
      shape.members.push_back(member(type->field(at)));
    std::sort(shape.members.begin(), shape.members.end(),
              [](const auto& left, const auto& right) { return left.name < right.name; });
    return &shape;
  }

  member_shape member(const FieldDescriptor* field) {
    member_shape shape{field, hash_of(string_value(field->json_name())), nullptr, nullptr, {}};
    const auto* value = field->is_map() ? field->message_type()->map_value() : field;
    if (field->is_map()) {
      // Both fail at the first key ever made, so at the latest in the tests.
      const auto reader = map_readers().find(field->full_name());
      if (reader == map_readers().end())
        throw std::logic_error{"no reader for the map " + field->full_name()};
      shape.read_map = reader->second;
    }
    if (value->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT)
      throw std::logic_error{"no JSON form for the float " + field->full_name()};
    if (value->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
      shape.type = add(value->message_type());
    if (value->cpp_type() == FieldDescriptor::CPPTYPE_ENUM)
      for (int at = 0; at < value->enum_type()->value_count(); ++at) {
        const auto* known = value->enum_type()->value(at);
        shape.enum_names.try_emplace(known->number(), hash_of(string_value(known->name())));
      }
    return shape;
  }

  std::unordered_map<const Descriptor*, message_shape> all_;
};

} // namespace

std::size_t message_shape::index_of(int field_number) const {
  const auto at = std::find_if(members.begin(), members.end(), [&](const auto& member) {
    return member.field->number() == field_number;
  });
  return static_cast<std::size_t>(at - members.begin());
}

const message_shape* find_shape(const Descriptor* type) {
  static const shapes all;
  return all.find(type);
}

} // namespace deja
