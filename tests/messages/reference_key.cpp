#include "reference_key.hpp"

#include "reference_json.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cmath>

namespace deja::testing::reference {

namespace {

thread_local std::vector<std::string>* recorded = nullptr;

std::string sha256(const std::string& bytes) {
  if (recorded != nullptr)
    recorded->push_back(bytes);
  static const auto* const kind = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string digest(32, '\0');
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                 nullptr, kind, nullptr) != 1)
    throw std::runtime_error{"no SHA-256"};
  return digest;
}

std::string normal_form(double number) {
  if (number == 0)
    return "+0:";
  auto f = std::fabs(number);
  int e = 0;
  while (f > 1) {
    f /= 2;
    e += 1;
  }
  while (f <= 0.5) {
    f *= 2;
    e -= 1;
  }
  auto form = (number < 0 ? "-" : "+") + std::to_string(e) + ":";
  while (f != 0) {
    if (f >= 1) {
      form += '1';
      f -= 1;
    } else {
      form += '0';
    }
    f *= 2;
  }
  return form;
}

struct hasher {
  std::string operator()(std::nullptr_t) const { return sha256("n"); }

  std::string operator()(bool value) const { return sha256(value ? "b1" : "b0"); }

  std::string operator()(double value) const { return sha256("f" + normal_form(value)); }

  std::string operator()(const std::string& value) const { return sha256("u" + value); }

  std::string operator()(const json_array& elements) const {
    std::string bytes = "l";
    for (const auto& element : elements)
      bytes += std::visit(*this, element.value);
    return sha256(bytes);
  }

  std::string operator()(const json_object& members) const {
    std::vector<std::pair<std::string, std::string>> hashes;
    for (const auto& [name, value] : members)
      hashes.emplace_back((*this)(name), std::visit(*this, value.value));
    std::sort(hashes.begin(), hashes.end());
    std::string bytes = "d";
    for (const auto& [name, value] : hashes)
      bytes += name + value;
    return sha256(bytes);
  }
};

std::string hash(const google::protobuf::Message& message) {
  return std::visit(hasher{}, to_json(message).value);
}

core::Literal hashed_down(const core::Literal& literal) {
  core::Literal replaced;
  if (!literal.hash().empty()) {
    replaced.set_hash(literal.hash());
  } else if (literal.has_collection()) {
    replaced.mutable_collection();
    for (const auto& element : literal.collection().literals())
      *replaced.mutable_collection()->add_literals() = hashed_down(element);
  } else if (literal.has_map()) {
    replaced.mutable_map();
    for (const auto& [name, value] : literal.map().literals())
      (*replaced.mutable_map()->mutable_literals())[name] = hashed_down(value);
  } else {
    replaced = literal;
  }
  return replaced;
}

std::string hash_of_inputs(const core::LiteralMap& inputs, const std::set<std::string>& ignored) {
  core::LiteralMap replaced;
  for (const auto& [name, literal] : inputs.literals())
    if (!ignored.contains(name))
      (*replaced.mutable_literals())[name] = hashed_down(literal);
  return hash(replaced);
}

std::string base64_url(const std::string& bytes) {
  auto text = base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.resize(text.find_last_not_of('=') + 1);
  return text;
}

std::string key_of(const catalog_key& key) {
  const auto* const inputs = std::get_if<shared<core::LiteralMap>>(&key.inputs);
  if (!key.identifier || !key.interface || inputs == nullptr || !*inputs)
    throw no_json_form{"a part that is missing"};
  core::Identifier identifier;
  identifier.set_resource_type(key.identifier->resource_type());
  identifier.set_project(key.identifier->project());
  identifier.set_domain(key.identifier->domain());
  identifier.set_name(key.identifier->name());
  identifier.set_org(key.identifier->org());
  const auto taken = key.interface->has_inputs() ? **inputs : core::LiteralMap{};
  return base64(hash(identifier)) + "-" + base64_url(hash(key.interface->inputs())).substr(0, 8) +
         "-" + base64_url(hash(key.interface->outputs())).substr(0, 8) + "-" +
         base64_url(hash_of_inputs(taken, key.ignored_inputs)) + "-" + key.cache_version;
}

template <class Made>
outcome made_by(const Made& made) {
  try {
    return made();
  } catch (const no_json_form&) {
    return std::nullopt;
  }
}

void add_names(const google::protobuf::Descriptor* type, std::set<std::string>& names,
               std::set<const google::protobuf::Descriptor*>& seen) {
  if (!seen.insert(type).second)
    return;
  for (int at = 0; at < type->field_count(); ++at) {
    const auto* field = type->field(at);
    names.insert("u" + field->json_name());
    if (field->message_type() != nullptr)
      add_names(field->message_type(), names, seen);
    for (int number = 0; field->enum_type() && number < field->enum_type()->value_count(); ++number)
      names.insert("u" + field->enum_type()->value(number)->name());
  }
}

std::set<std::string> constant_names() {
  std::set<std::string> names;
  std::set<const google::protobuf::Descriptor*> seen;
  for (const auto* root : {core::Identifier::descriptor(), core::TypedInterface::descriptor(),
                           core::LiteralMap::descriptor()})
    add_names(root, names, seen);
  return names;
}

} // namespace

outcome object_hash(const google::protobuf::Message& message) {
  return made_by([&] { return hash(message); });
}

outcome inputs_hash(const core::LiteralMap& inputs, const std::set<std::string>& ignored) {
  return made_by([&] { return hash_of_inputs(inputs, ignored); });
}

outcome make_key(const catalog_key& key) {
  return made_by([&] { return key_of(key); });
}

std::vector<std::string> sha256_inputs(const std::function<void()>& hashing) {
  std::vector<std::string> inputs;
  recorded = &inputs;
  hashing();
  recorded = nullptr;
  std::erase_if(inputs,
                [names = constant_names()](const auto& one) { return names.contains(one); });
  return inputs;
}

} // namespace deja::testing::reference
