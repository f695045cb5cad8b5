#include <deja/messages/simple_literal.hpp>

#include <deja/messages/struct_hash.hpp>
#include <deja/messages/utf8.hpp>

#include <algorithm>

namespace deja {

namespace {

namespace core = flyteidl2::core;

// The hashes of the members' names.
struct member_names {
  digest hash = hash_of(string_value("hash"));
  digest scalar = hash_of(string_value("scalar"));
  digest primitive = hash_of(string_value("primitive"));
  digest generic = hash_of(string_value("generic"));
  digest none_type = hash_of(string_value("noneType"));
  digest integer = hash_of(string_value("integer"));
  digest float_value = hash_of(string_value("floatValue"));
  digest text = hash_of(string_value("stringValue"));
  digest boolean = hash_of(string_value("boolean"));
  digest datetime = hash_of(string_value("datetime"));
  digest duration = hash_of(string_value("duration"));
};

const member_names& names() {
  static const member_names all;
  return all;
}

bool begin_text(const std::string& text, hash_chain& chain) {
  if (!is_utf8(text))
    return false;
  chain.begin(string_value(text));
  return true;
}

bool make_chain(const core::Primitive& primitive, hash_chain& chain) {
  const auto wrapped = [&](const digest& name) {
    chain.wrap(name);
    return true;
  };
  const auto written = [&](const result<short_text>& text, const digest& name) {
    if (!text)
      return false;
    chain.begin(string_value(view_of(*text)));
    return wrapped(name);
  };
  switch (primitive.value_case()) {
  case core::Primitive::kInteger:
    chain.begin(string_value(view_of(integer_form(std::int64_t{primitive.integer()}))));
    return wrapped(names().integer);
  case core::Primitive::kFloatValue:
    chain.begin(number_text{primitive.float_value()}.value());
    return wrapped(names().float_value);
  case core::Primitive::kStringValue:
    return begin_text(primitive.string_value(), chain) && wrapped(names().text);
  case core::Primitive::kBoolean:
    chain.begin(boolean_value(primitive.boolean()));
    return wrapped(names().boolean);
  case core::Primitive::kDatetime:
    return written(timestamp_text(primitive.datetime()), names().datetime);
  case core::Primitive::kDuration:
    return written(duration_text(primitive.duration()), names().duration);
  case core::Primitive::VALUE_NOT_SET:
    chain.begin(empty_object);
    return true;
  }
  return false;
}

} // namespace

bool make_chain(const core::Literal& literal, bool hashed_down, std::size_t room,
                hash_chain& chain) {
  if (room < hash_chain::most_wraps)
    return false;
  if (!literal.hash().empty()) {
    if (!hashed_down || !begin_text(literal.hash(), chain))
      return false;
    chain.wrap(names().hash);
    return true;
  }
  if (literal.value_case() != core::Literal::kScalar || !literal.metadata().empty() ||
      literal.has_artifact_id())
    return false;
  const auto& scalar = literal.scalar();
  if (scalar.value_case() == core::Scalar::kPrimitive) {
    if (!make_chain(scalar.primitive(), chain))
      return false;
    chain.wrap(names().primitive);
  } else if (scalar.value_case() == core::Scalar::kGeneric) {
    const auto hash = struct_hash(scalar.generic(), room - 2); // inside literal and scalar
    if (!hash)
      return false;
    chain.begin(*hash);
    chain.wrap(names().generic);
  } else if (scalar.value_case() == core::Scalar::kNoneType) {
    chain.begin(empty_object);
    chain.wrap(names().none_type);
  } else {
    return false;
  }
  chain.wrap(names().scalar);
  return true;
}

const digest* known_hash(const core::Variable& variable) {
  static const auto hashes = [] {
    std::array<digest, core::SimpleType_ARRAYSIZE> made;
    const auto simple = hash_of(string_value("simple"));
    const auto type = hash_of(string_value("type"));
    for (int number = 0; number < core::SimpleType_ARRAYSIZE; ++number) {
      hash_chain chain;
      chain.begin(string_value(core::SimpleType_Name(number)));
      chain.wrap(simple);
      chain.wrap(type);
      finish({&chain, 1}, &made[static_cast<std::size_t>(number)]);
    }
    return made;
  }();
  const auto& type = variable.type();
  if (!variable.description().empty() || variable.has_artifact_partial_id() ||
      variable.has_artifact_tag() || !type.has_simple() || type.has_metadata() ||
      type.has_annotation() || type.has_structure() || !core::SimpleType_IsValid(type.simple()))
    return nullptr;
  return &hashes[static_cast<std::size_t>(type.simple())];
}

std::size_t hash_entries(const core::VariableMap& variables, std::size_t first, digest* hashes) {
  // An object of two members, padded: tag, name and value twice.
  constexpr std::size_t size = 1 + 4 * sizeof(digest);
  constexpr std::size_t blocks = 3;

  static const auto key = hash_of(string_value("key"));
  static const auto value = hash_of(string_value("value"));
  static const bool key_is_first = key < value;
  std::array<hash_chain, sha256_lanes> keys;
  std::array<const digest*, sha256_lanes> values{};
  std::size_t count = 0;
  const auto end = static_cast<std::size_t>(variables.variables_size());
  for (; count < sha256_lanes && first + count < end; ++count) {
    const auto& entry = variables.variables(static_cast<int>(first + count));
    values[count] = entry.has_value() ? known_hash(entry.value()) : nullptr;
    if (values[count] == nullptr || entry.key().empty() || !begin_text(entry.key(), keys[count]))
      break;
  }
  if (count == 0)
    return 0;
  std::array<digest, sha256_lanes> names;
  finish({keys.data(), count}, names.data());
  std::array<std::array<std::uint8_t, blocks * sha256_block_size>, sha256_lanes> objects{};
  std::array<const std::uint8_t*, sha256_lanes> messages{};
  for (std::size_t at = 0; at < count; ++at) {
    auto& object = objects[at];
    messages[at] = object.data();
    auto to = object.begin();
    *to++ = 'd';
    for (const auto* part : {key_is_first ? &key : &value, key_is_first ? &names[at] : values[at],
                             key_is_first ? &value : &key, key_is_first ? values[at] : &names[at]})
      to = std::copy(part->begin(), part->end(), to);
    pad(object, size);
  }
  best_sha256_engine().digests(messages.data(), count, blocks, hashes);
  return count;
}

} // namespace deja
