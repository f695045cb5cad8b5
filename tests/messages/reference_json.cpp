#include "reference_json.hpp"

#include "message_maps.hpp"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cmath>

namespace deja::testing::reference {

namespace {

using google::protobuf::Duration;
using google::protobuf::FieldDescriptor;
using google::protobuf::ListValue;
using google::protobuf::Message;
using google::protobuf::Struct;
using google::protobuf::Timestamp;
using google::protobuf::Value;

__extension__ using wide = __int128;

std::string digits(wide number, std::size_t at_least) {
  std::string text;
  for (; number > 0; number /= 10)
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(number % 10)));
  while (text.size() < at_least)
    text.insert(text.begin(), '0');
  return text;
}

// 0, 3, 6 or 9 fractional digits.
std::string fraction(std::int32_t nanos) {
  auto text = "." + digits(nanos, 9);
  while (text.ends_with("000"))
    text.resize(text.size() - 3);
  return text == "." ? "" : text;
}

bool is_leap(wide year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

std::string timestamp(const Timestamp& time) {
  if (time.nanos() < 0 || time.nanos() >= 1'000'000'000)
    throw no_json_form{"a timestamp's nanos"};
  wide seconds = time.seconds();
  if (seconds < -9'223'372'028'741'760'000)
    seconds += wide{1} << 64;

  // From 1970-01-01 back or forth by spans of 400 years, which are all alike, then year by year.
  constexpr wide span = wide{146'097} * 86'400;
  auto spans = seconds / span;
  if (spans * span > seconds)
    --spans;
  auto rest = seconds - spans * span;
  wide year = 1970 + 400 * spans;
  const auto year_length = [&] {
    return (is_leap(year) ? 366 : 365) * 86'400;
  };
  while (rest >= year_length()) {
    rest -= year_length();
    ++year;
  }
  auto day = rest / 86'400;
  rest %= 86'400;
  const int lengths[] = {31, is_leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int month = 0;
  while (day >= lengths[month])
    day -= lengths[month++];
  return (year < 0 ? "-" + digits(-year, 4) : digits(year, 4)) + "-" + digits(month + 1, 2) + "-" +
         digits(day + 1, 2) + "T" + digits(rest / 3'600, 2) + ":" + digits(rest / 60 % 60, 2) +
         ":" + digits(rest % 60, 2) + fraction(time.nanos()) + "Z";
}

std::string duration(const Duration& span) {
  const wide seconds = span.seconds();
  const auto nanos = span.nanos();
  if (seconds > 315'576'000'000 || seconds < -315'576'000'000)
    throw no_json_form{"a duration's seconds"};
  if (nanos > 999'999'999 || nanos < -999'999'999)
    throw no_json_form{"a duration's nanos"};
  if ((seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0))
    throw no_json_form{"a duration's signs"};
  if (seconds < 0 || nanos < 0)
    return "-" + digits(-seconds, 1) + fraction(-nanos) + "s";
  return digits(seconds, 1) + fraction(nanos) + "s";
}

// Unicode's definition: what is left of a character's bytes once its length is taken out is a
// number that could not have been written shorter, and is no surrogate.
bool is_utf8(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at++]);
    const unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if ((first >= 0x80 && first < 0xc0) || first >= 0xf8 || text.size() - at < more)
      return false;
    unsigned character = more == 0 ? first : first & (0x3fU >> more);
    for (unsigned count = 0; count < more; ++count) {
      const auto next = static_cast<unsigned char>(text[at++]);
      if (next < 0x80 || next >= 0xc0)
        return false;
      character = character * 64 + (next - 0x80U);
    }
    const unsigned least[] = {0, 0x80, 0x800, 0x10000};
    if (character < least[more] || character > 0x10ffff ||
        (character >= 0xd800 && character <= 0xdfff))
      return false;
  }
  return true;
}

json text(const std::string& text) {
  if (!is_utf8(text))
    throw no_json_form{"text that is not UTF-8"};
  return {text};
}

json number(double number) {
  if (std::isnan(number))
    return {"NaN"};
  if (std::isinf(number))
    return {number > 0 ? "Infinity" : "-Infinity"};
  return {number};
}

// Counts the objects and arrays inside one another.
class level {
public:
  explicit level(int& depth) : depth_(depth) {
    if (++depth_ > 10'000)
      throw no_json_form{"nesting"};
  }

  level(const level&) = delete;
  level& operator=(const level&) = delete;

  ~level() { --depth_; }

private:
  int& depth_;
};

class former {
public:
  json of(const Message& message) {
    const auto* type = message.GetDescriptor();
    if (type == Timestamp::descriptor())
      return {timestamp(static_cast<const Timestamp&>(message))};
    if (type == Duration::descriptor())
      return {duration(static_cast<const Duration&>(message))};
    if (type == Struct::descriptor())
      return map(message);
    if (type == ListValue::descriptor())
      return list(message, *type->field(0));
    if (type == Value::descriptor())
      return value(static_cast<const Value&>(message));
    return object(message);
  }

private:
  json value(const Value& value) {
    switch (value.kind_case()) {
    case Value::kNullValue:
      return {nullptr};
    case Value::kNumberValue:
      return number(value.number_value());
    case Value::kStringValue:
      return text(value.string_value());
    case Value::kBoolValue:
      return {value.bool_value()};
    case Value::kStructValue:
      return of(value.struct_value());
    case Value::kListValue:
      return of(value.list_value());
    case Value::KIND_NOT_SET:
      break;
    }
    throw no_json_form{"a Value of no kind"};
  }

  json object(const Message& message) {
    const level inner{depth_};
    json_object members;
    const auto* type = message.GetDescriptor();
    const auto* reflection = message.GetReflection();
    for (int at = 0; at < type->field_count(); ++at) {
      const auto& field = *type->field(at);
      if (field.is_map()) {
        bool empty = true;
        visit_map(message, [&](const auto& map) { empty = map.empty(); });
        if (!empty)
          members.push_back({field.json_name(), map(message)});
      } else if (field.is_repeated()) {
        if (reflection->FieldSize(message, &field) > 0)
          members.push_back({field.json_name(), list(message, field)});
      } else if (reflection->HasField(message, &field)) {
        members.push_back({field.json_name(), single(message, field)});
      }
    }
    return {std::move(members)};
  }

  json map(const Message& message) {
    const level inner{depth_};
    json_object members;
    visit_map(message, [&](const auto& map) {
      for (const auto& [name, value] : map) {
        text(name);
        if constexpr (std::is_convertible_v<decltype(value), std::string>)
          members.push_back({name, text(value)});
        else
          members.push_back({name, of(value)});
      }
    });
    return {std::move(members)};
  }

  json list(const Message& message, const FieldDescriptor& field) {
    const level inner{depth_};
    json_array elements;
    const auto* reflection = message.GetReflection();
    const auto count = reflection->FieldSize(message, &field);
    for (int at = 0; at < count; ++at) {
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
        elements.push_back(of(reflection->GetRepeatedMessage(message, &field, at)));
      else if (field.type() == FieldDescriptor::TYPE_STRING)
        elements.push_back(text(reflection->GetRepeatedString(message, &field, at)));
      else
        throw std::logic_error{"no JSON form of lists like " + field.full_name()};
    }
    return {std::move(elements)};
  }

  json single(const Message& message, const FieldDescriptor& field) {
    const auto* reflection = message.GetReflection();
    switch (field.type()) {
    case FieldDescriptor::TYPE_MESSAGE:
      return of(reflection->GetMessage(message, &field));
    case FieldDescriptor::TYPE_STRING:
      return text(reflection->GetString(message, &field));
    case FieldDescriptor::TYPE_BYTES:
      return {base64(reflection->GetString(message, &field))};
    case FieldDescriptor::TYPE_BOOL:
      return {reflection->GetBool(message, &field)};
    case FieldDescriptor::TYPE_INT64:
      return {std::to_string(reflection->GetInt64(message, &field))};
    case FieldDescriptor::TYPE_UINT64:
      return {std::to_string(reflection->GetUInt64(message, &field))};
    case FieldDescriptor::TYPE_INT32:
      return number(reflection->GetInt32(message, &field));
    case FieldDescriptor::TYPE_UINT32:
      return number(reflection->GetUInt32(message, &field));
    case FieldDescriptor::TYPE_DOUBLE:
      return number(reflection->GetDouble(message, &field));
    case FieldDescriptor::TYPE_ENUM: {
      const auto value = reflection->GetEnumValue(message, &field);
      const auto* known = field.enum_type()->FindValueByNumber(value);
      return known != nullptr ? json{known->name()} : number(value);
    }
    default:
      throw std::logic_error{"no JSON form of fields like " + field.full_name()};
    }
  }

  int depth_ = 0;
};

} // namespace

json to_json(const Message& message) {
  return former{}.of(message);
}

std::string base64(const std::string& bytes) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bits;
  for (const auto byte : bytes)
    for (int at = 7; at >= 0; --at)
      bits += (static_cast<unsigned char>(byte) >> at & 1) != 0 ? '1' : '0';
  while (bits.size() % 6 != 0)
    bits += '0';
  std::string text;
  for (std::size_t at = 0; at < bits.size(); at += 6)
    text += alphabet[std::stoul(bits.substr(at, 6), nullptr, 2)];
  while (text.size() % 4 != 0)
    text += '=';
  return text;
}

} // namespace deja::testing::reference
