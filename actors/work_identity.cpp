#include <deja/actors/work_identity.hpp>

#include <deja/messages/proto_bytes.hpp>

namespace deja {

namespace {

using literals = shared<core::LiteralMap>;

/// Which of several it is stands before what it is, so that no two meet.
void add(record_hash& hash, std::string_view kind, std::string_view value) {
  hash.add(kind).add(value);
}

void add(record_hash& hash, const literals& given) {
  if (given)
    add(hash, "literals", serialize(*given));
  else
    hash.add("no literals");
}

void add(record_hash& hash, const shared<core::TypedInterface>& interface) {
  if (interface)
    add(hash, "interface", serialize(*interface));
  else
    hash.add("no interface");
}

void add(record_hash& hash, const std::monostate&) {
  hash.add("not given");
}

void add(record_hash& hash, const inputs_under& place) {
  add(hash, "inputs under", place.prefix);
}

void add(record_hash& hash, const outputs_under& place) {
  add(hash, "outputs under", place.prefix);
}

void add(record_hash& hash, const std::optional<std::int64_t>& number) {
  hash.add(number ? std::to_string(*number) : "none");
}

} // namespace

const record_hash& work_identities::hash_of_task(const core::Identifier& identifier,
                                                 const shared<core::TypedInterface>& interface) {
  if (!last_.is_again(identifier, interface)) {
    task_ = {};
    add(task_, "identifier", serialize(identifier));
    add(task_, interface);
  }
  return task_;
}

record_hash work_identities::hash_of(const shared<catalog_key>& key) {
  record_hash hash;
  if (!key) {
    hash.add("no key");
    return hash;
  }
  if (key->identifier) {
    hash = hash_of_task(*key->identifier, key->interface);
  } else {
    hash.add("no identifier");
    add(hash, key->interface);
  }
  hash.add(key->cache_version);
  hash.add(std::to_string(key->ignored_inputs.size()));
  for (const auto& name : key->ignored_inputs)
    hash.add(name);
  std::visit([&](const auto& inputs) { add(hash, inputs); }, key->inputs);
  return hash;
}

digest work_identities::of(const download_request& item) {
  auto hash = hash_of(item.key);
  if (item.target)
    add(hash, *item.target);
  return hash.finish();
}

digest work_identities::of(const catalog_put& item) {
  auto hash = hash_of(item.key);
  std::visit([&](const auto& outputs) { add(hash, outputs); }, item.outputs);
  const auto& when = item.when;
  hash.add(when.overwrite ? "overwrite" : "put");
  add(hash, when.max_age ? std::optional{when.max_age->count()} : std::nullopt);
  add(hash,
      when.generation ? std::optional{static_cast<std::int64_t>(*when.generation)} : std::nullopt);
  if (when.held)
    add(hash, when.held->owner, std::to_string(when.held->token));
  return hash.finish();
}

} // namespace deja
