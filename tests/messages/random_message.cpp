#include "random_message.hpp"

#include "message_maps.hpp"

#include <flyteidl2/core/identifier.pb.h>
#include <flyteidl2/core/interface.pb.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace deja::testing {

namespace {

namespace core = flyteidl2::core;
using google::protobuf::Descriptor;
using google::protobuf::Duration;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Timestamp;
using google::protobuf::Value;

using int64_limits = std::numeric_limits<std::int64_t>;
using int32_limits = std::numeric_limits<std::int32_t>;

// The type of the field's message, elements or entries; null where they are none.
const Descriptor* type_of(const FieldDescriptor& field) {
  const auto& value = field.is_map() ? *field.message_type()->map_value() : field;
  return value.message_type();
}

std::vector<const FieldDescriptor*> fields_of(const Descriptor& type) {
  std::vector<const FieldDescriptor*> fields;
  for (int at = 0; at < type.field_count(); ++at)
    fields.push_back(type.field(at));
  return fields;
}

// The types that lie in a message of this type, at whatever depth.
std::set<const Descriptor*> types_within(const Descriptor* type) {
  std::set<const Descriptor*> found;
  std::vector<const Descriptor*> left{type};
  while (!left.empty()) {
    const auto* outer = left.back();
    left.pop_back();
    for (const auto* field : fields_of(*outer))
      if (const auto* inner = type_of(*field); inner != nullptr && found.insert(inner).second)
        left.push_back(inner);
  }
  return found;
}

// Through which fields of a type messages can go on inside one another for ever.
struct endless_fields {
  std::vector<const FieldDescriptor*> all;
  std::vector<const FieldDescriptor*> back; // Of these, those that lead to the same type again.
};

const endless_fields& endless_fields_of(const Descriptor* type) {
  static const auto known = [] {
    std::map<const Descriptor*, endless_fields> made;
    for (const auto* outer : key_message_types())
      for (const auto* field : fields_of(*outer)) {
        const auto* inner = type_of(*field);
        if (inner == nullptr)
          continue;
        const auto within = types_within(inner);
        const auto goes_on = [](const auto* one) {
          return types_within(one).contains(one);
        };
        if (goes_on(inner) || std::any_of(within.begin(), within.end(), goes_on))
          made[outer].all.push_back(field);
        if (inner == outer || within.contains(outer))
          made[outer].back.push_back(field);
      }
    return made;
  }();
  static const endless_fields none;
  const auto at = known.find(type);
  return at == known.end() ? none : at->second;
}

// How many objects and arrays a message takes that one more is put inside through `field`.
std::uint64_t levels_of(const FieldDescriptor& field) {
  const auto* owner = field.containing_type();
  if (owner == Value::descriptor())
    return 0;
  const auto is_plain = owner != google::protobuf::Struct::descriptor() &&
                        owner != google::protobuf::ListValue::descriptor();
  return is_plain && field.is_repeated() ? 2 : 1;
}

// UTF-8 of a character.
std::string encoded(std::uint32_t character) {
  const auto byte = [](std::uint32_t value) {
    return static_cast<char>(value);
  };
  const auto next = [&](unsigned shift) {
    return byte(0x80U | (character >> shift & 0x3fU));
  };
  if (character < 0x80)
    return {byte(character)};
  if (character < 0x800)
    return {byte(0xc0U | character >> 6), next(0)};
  if (character < 0x10000)
    return {byte(0xe0U | character >> 12), next(6), next(0)};
  return {byte(0xf0U | character >> 18), next(12), next(6), next(0)};
}

} // namespace

const std::vector<const Descriptor*>& key_message_types() {
  static const auto all = [] {
    std::vector<const Descriptor*> types{core::Identifier::descriptor(),
                                         core::VariableMap::descriptor(),
                                         core::LiteralMap::descriptor()};
    for (std::size_t at = 0; at < types.size(); ++at)
      for (const auto* field : fields_of(*types[at]))
        if (const auto* type = type_of(*field);
            type != nullptr && std::find(types.begin(), types.end(), type) == types.end())
          types.push_back(type);
    return types;
  }();
  return all;
}

void random_messages::fill(Message& message) {
  budget_ = static_cast<std::int64_t>(one_in(1'000) ? 5'000 : one_in(20) ? 500 : 1 + below(120));
  faulty_ = one_in(8);
  if (one_in(200) && !endless_fields_of(message.GetDescriptor()).all.empty())
    fill_deep(message, one_in(15) ? 9'992 + below(10) : 50 + below(251));
  else
    fill_some(message, 0);
}

// Iterative, so that what makes a message needs less stack than what takes it.
void random_messages::fill_deep(Message& message, std::uint64_t levels) {
  const auto leave = pick<std::uint64_t>({2, 1'000, 100'000});
  auto* at = &message;
  for (std::uint64_t level = 0; level < levels;) {
    // Most ways lead to types that lead to fewer types. Few levels would be literals if all went.
    const auto& [all, back] = endless_fields_of(at->GetDescriptor());
    const auto& fields = back.empty() || one_in(leave) ? all : back;
    const auto& field = *fields[below(fields.size())];
    level += levels_of(field);
    at = &add_message(*at, field);
  }
  fill_some(*at, 0);
}

void random_messages::fill_some(Message& message, int depth) {
  const auto* type = message.GetDescriptor();
  if (type == Timestamp::descriptor() || type == Duration::descriptor())
    return fill_special(message);
  if (type == Value::descriptor())
    return fill_value(message, depth);
  if (depth > 40 || fill_plainly(message, depth))
    return;
  const auto sparse = pick({1, 2, 4});
  for (const auto* field : fields_of(*type)) {
    // A literal's hash hides all else of it.
    const auto is_hash =
        type == core::Literal::descriptor() && field->number() == core::Literal::kHashFieldNumber;
    if (budget_ > 0 && field->real_containing_oneof() == nullptr &&
        one_in(static_cast<std::uint64_t>(is_hash ? 6 : sparse)))
      set(message, *field, depth);
  }
  for (int at = 0; at < type->real_oneof_decl_count() && budget_ > 0; ++at) {
    const auto* oneof = type->oneof_decl(at);
    if (!one_in(8))
      set(message,
          *oneof->field(static_cast<int>(below(static_cast<std::uint64_t>(oneof->field_count())))),
          depth);
  }
}

// What most literals and variables are like: a primitive or a hash, a simple type, and no more.
bool random_messages::fill_plainly(Message& message, int depth) {
  if (message.GetDescriptor() == core::Variable::descriptor() && one_in(2)) {
    auto& type = *static_cast<core::Variable&>(message).mutable_type();
    type.set_simple(static_cast<core::SimpleType>(enum_number(*core::SimpleType_descriptor())));
    return true;
  }
  if (message.GetDescriptor() == core::Literal::descriptor() && one_in(2)) {
    auto& literal = static_cast<core::Literal&>(message);
    if (one_in(8))
      literal.set_hash(text());
    else if (one_in(8))
      literal.mutable_scalar()->mutable_none_type();
    else
      fill_some(*literal.mutable_scalar()->mutable_primitive(), depth + 1);
    return true;
  }
  return false;
}

void random_messages::fill_value(Message& message, int depth) {
  if (fault())
    return;
  const auto* kind = Value::descriptor()->oneof_decl(0);
  const auto simple = depth > 40 || budget_ <= 0;
  const auto* field = kind->field(static_cast<int>(below(simple ? 4 : 6)));
  set(message, *field, depth);
}

void random_messages::fill_special(Message& message) {
  constexpr std::int32_t second = 1'000'000'000;
  auto nanos = pick({0, 0, 1, 999, 1'000, 999'999, 1'000'000, 120'000'000, 123'456'000, 500'000'000,
                     second - 1, static_cast<std::int32_t>(below(second))});
  if (fault())
    nanos = pick({-1, second, -second, int32_limits::min(), int32_limits::max()});
  if (message.GetDescriptor() == Duration::descriptor()) {
    constexpr std::int64_t most = 315'576'000'000;
    auto seconds =
        pick({std::int64_t{0}, std::int64_t{1}, most, most - 1,
              static_cast<std::int64_t>(below(1'000'000)), static_cast<std::int64_t>(below(most))});
    auto sign = one_in(2) ? 1 : -1;
    if (fault())
      seconds = pick({most + 1, int64_limits::max(), static_cast<std::int64_t>(bits() >> 1)});
    auto& span = static_cast<Duration&>(message);
    span.set_seconds(sign * seconds);
    if (fault())
      sign = -sign;
    span.set_nanos(nanos == int32_limits::min() ? nanos : sign * nanos);
    return;
  }
  // Where Go's count of seconds wraps, where the years 0, 1 and 10000 begin.
  constexpr std::int64_t wrap = -9'223'372'028'741'760'000;
  const auto near = [&](std::int64_t at) {
    return at - 2 + static_cast<std::int64_t>(below(5));
  };
  const auto day = static_cast<std::int64_t>(below(8'000'000)) - 4'000'000;
  auto& time = static_cast<Timestamp&>(message);
  time.set_seconds(pick({std::int64_t{0}, near(0), near(wrap), near(-62'167'219'200),
                         near(-62'135'596'800), near(253'402'300'800), near(day * 86'400),
                         static_cast<std::int64_t>(bits()), int64_limits::min(),
                         int64_limits::min() + static_cast<std::int64_t>(below(20'000'000'000)),
                         int64_limits::max(), wrap - static_cast<std::int64_t>(below(1U << 31)),
                         static_cast<std::int64_t>(below(4'000'000'000))}));
  time.set_nanos(nanos);
}

void random_messages::set(Message& message, const FieldDescriptor& field, int depth) {
  --budget_;
  if (field.is_map())
    add_entries(message, depth);
  else if (field.is_repeated())
    add_elements(message, field, depth);
  else
    set_single(message, field, depth);
}

void random_messages::set_single(Message& message, const FieldDescriptor& field, int depth) {
  const auto* reflection = message.GetReflection();
  switch (field.type()) {
  case FieldDescriptor::TYPE_MESSAGE: {
    auto& inner = *reflection->MutableMessage(&message, &field);
    // Now and then present but empty.
    if (!one_in(8))
      fill_some(inner, depth + 1);
    return;
  }
  case FieldDescriptor::TYPE_STRING:
    return reflection->SetString(&message, &field, text());
  case FieldDescriptor::TYPE_BYTES:
    return reflection->SetString(&message, &field, bytes(below(100)));
  case FieldDescriptor::TYPE_BOOL:
    return reflection->SetBool(&message, &field, one_in(2));
  case FieldDescriptor::TYPE_INT64:
    return reflection->SetInt64(&message, &field, static_cast<std::int64_t>(bits()));
  case FieldDescriptor::TYPE_UINT64:
    return reflection->SetUInt64(&message, &field, bits());
  case FieldDescriptor::TYPE_DOUBLE:
    return reflection->SetDouble(&message, &field, real());
  case FieldDescriptor::TYPE_ENUM:
    return reflection->SetEnumValue(&message, &field, enum_number(*field.enum_type()));
  default:
    throw std::logic_error{"no random values for fields like " + field.full_name()};
  }
}

void random_messages::add_elements(Message& message, const FieldDescriptor& field, int depth) {
  const auto* reflection = message.GetReflection();
  for (auto left = count(); left > 0; --left) {
    --budget_;
    if (field.type() == FieldDescriptor::TYPE_MESSAGE)
      fill_some(*reflection->AddMessage(&message, &field), depth + 1);
    else
      reflection->AddString(&message, &field, text());
  }
}

void random_messages::add_entries(Message& message, int depth) {
  const auto entries = count();
  visit_map(message, [&](auto& map) {
    for (std::uint64_t at = 0; at < entries; ++at) {
      --budget_;
      auto& value = map[entries > 20 ? text() + std::to_string(at) : text()];
      if constexpr (std::is_same_v<decltype(value), std::string&>)
        value = text();
      else
        fill_some(value, depth + 1);
    }
  });
}

Message& random_messages::add_message(Message& message, const FieldDescriptor& field) {
  const auto* reflection = message.GetReflection();
  if (!field.is_map())
    return *(field.is_repeated() ? reflection->AddMessage(&message, &field)
                                 : reflection->MutableMessage(&message, &field));
  Message* added = nullptr;
  visit_map(message, [&](auto& map) {
    if constexpr (std::is_convertible_v<decltype(&map[""]), Message*>)
      added = &map[text()];
  });
  return *added;
}

std::uint64_t random_messages::count() {
  if (one_in(2'000)) {
    budget_ += 500;
    return 1'000;
  }
  return one_in(10) ? below(21) : below(4);
}

std::string random_messages::bytes(std::uint64_t length) {
  std::string all;
  while (all.size() < length)
    all += static_cast<char>(below(256));
  return all;
}

std::string random_messages::text() {
  if (fault())
    return bad_text();
  std::string all;
  const auto characters = [&](std::uint64_t length, std::uint32_t first, std::uint32_t end) {
    while (all.size() < length)
      all += encoded(first + static_cast<std::uint32_t>(below(end - first)));
    return all;
  };
  switch (below(10)) {
  case 0:
    return {};
  case 1:
  case 2: // With its tag, it ends about where SHA-256's padding takes another block.
    return characters(pick<std::uint64_t>({53,  54,  55,  56,  61,  62,  63,  64,  65,  117, 118,
                                           119, 120, 126, 127, 128, 181, 182, 183, 184, 191, 192}),
                      ' ', 0x7f);
  case 3:
    return characters(1 + below(40), 0x80, 0xd800);
  case 4:
    return characters(1 + below(20), 0x1'0000, 0x11'0000);
  case 5:
    return pick<std::string>({"\u00e9", "e\u0301", "\u1e9b\u0323", "\u212b", "\uac00",
                              "\u1100\u1161", std::string(1, '\0'), std::string{"a\0b", 3},
                              "\u007f\u0080", "\u07ff\u0800", "\ud7ff\ue000", "\uffff\U00010000",
                              "\U0010ffff", "\ufeff", "\u2028", "\"\\/<>&", "NaN", "null", "0"});
  case 6:
    return characters(one_in(50) ? below(3'000) : below(200), 0, 0x80);
  default:
    return characters(1 + below(12), 'a', 'a' + 26);
  }
}

std::string random_messages::bad_text() {
  return pick<std::string>({"\xff", "a\x80", "\xc0\x80", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80",
                            "\xed\xbf\xbf", "\xef\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                            "\xf8\x88\x80\x80\x80", "\u00e9\xe2\x82",
                            std::string(64, 'a') + "\xff"});
}

double random_messages::real() {
  using limits = std::numeric_limits<double>;
  const auto exponent = static_cast<int>(below(2'100)) - 1'074;
  const auto power = std::ldexp(1.0, std::min(exponent, 1'023));
  const auto integer = static_cast<double>(below(2'000)) - 1'000;
  const auto sign = one_in(2) ? 1.0 : -1.0;
  switch (below(8)) {
  case 0:
    // Not by a product, which leaves a NaN's sign as it is.
    return std::copysign(pick({0.0, limits::infinity(), limits::quiet_NaN(), limits::min(),
                               limits::max(), limits::denorm_min(), limits::epsilon()}),
                         sign);
  case 1:
    return sign * pick({0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 1e21, 1e-7,
                        9'007'199'254'740'991., 9'007'199'254'740'992., 9'007'199'254'740'994.});
  case 2:
    return sign * power;
  case 3:
    return sign * std::nextafter(power, one_in(2) ? 0.0 : limits::infinity());
  case 4:
    return integer;
  case 5:
    return integer / 2;
  case 6: // A subnormal.
    return sign *
           std::ldexp(static_cast<double>(below(std::uint64_t{1} << (1 + below(52)))), -1'074);
  default:
    return std::ldexp(sign * static_cast<double>(random_() >> 11), exponent - 53);
  }
}

std::uint64_t random_messages::bits() {
  const auto power = std::uint64_t{1} << below(64);
  switch (below(5)) {
  case 0:
    return power - 1 + below(3);
  case 1:
    return ~power + below(3);
  case 2: {
    std::uint64_t ten = 1;
    for (auto left = below(20); left > 0; --left)
      ten *= 10;
    return (one_in(2) ? ten : ~ten) - 1 + below(3);
  }
  case 3:
    return below(100);
  default:
    return random_();
  }
}

int random_messages::enum_number(const EnumDescriptor& type) {
  if (one_in(4))
    return pick({-1, type.value_count(), 99, int32_limits::min(), int32_limits::max(),
                 static_cast<int>(below(1'000'000)) - 500'000});
  return type.value(static_cast<int>(below(static_cast<std::uint64_t>(type.value_count()))))
      ->number();
}

} // namespace deja::testing
