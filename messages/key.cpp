#include <deja/messages/key.hpp>

#include <deja/messages/base64.hpp>
#include <deja/messages/object_hash.hpp>
#include <deja/messages/proto_bytes.hpp>

namespace deja {

namespace {

// How many characters of an interface's hash stand in the key.
constexpr std::size_t interface_characters = 8;

error problem(const std::string& why) {
  return {errc::invalid_argument, "cannot make the cache key: " + why};
}

result<digest> hash_of(const core::Identifier& identifier) {
  auto task = identifier;
  task.clear_version();
  return object_hash(task, "identifier");
}

// The inputs in memory; null where none are given.
result<const core::LiteralMap*> given(const input_source& inputs) {
  if (const auto* unread = std::get_if<inputs_under>(&inputs))
    return problem("the inputs under \"" + unread->prefix + "\" have not been read yet");
  const auto* read = std::get_if<shared<core::LiteralMap>>(&inputs);
  return read != nullptr ? read->pointer().get() : nullptr;
}

// The inputs that count: those given, but none where the interface takes none, read or not.
result<const core::LiteralMap*> inputs_of(const catalog_key& key) {
  const auto* none = &core::LiteralMap::default_instance();
  if (!key.interface->has_inputs() && std::holds_alternative<inputs_under>(key.inputs))
    return none;
  const auto inputs = given(key.inputs);
  if (inputs && *inputs == nullptr)
    return problem("no inputs are given");
  return !inputs || key.interface->has_inputs() ? inputs : none;
}

// What of the key the task decides: identifier and interface.
result<std::string> task_part(const core::Identifier& identifier,
                              const core::TypedInterface& interface) {
  const auto task = hash_of(identifier);
  if (!task)
    return problem(task.error().message);
  const auto taken = object_hash(interface.inputs(), "interface.inputs");
  if (!taken)
    return problem(taken.error().message);
  const auto given_back = object_hash(interface.outputs(), "interface.outputs");
  if (!given_back)
    return problem(given_back.error().message);
  return to_base64(bytes_of(*task)) + "-" +
         to_base64_url(bytes_of(*taken)).substr(0, interface_characters) + "-" +
         to_base64_url(bytes_of(*given_back)).substr(0, interface_characters) + "-";
}

} // namespace

result<std::string> key_maker::make(const catalog_key& key) {
  if (!key.identifier)
    return problem("no identifier is given");
  if (!key.interface)
    return problem("no interface is given");
  const auto inputs = inputs_of(key);
  if (!inputs)
    return inputs.error();
  auto task = serialize(*key.identifier);
  const auto length = task.size(); // where the interface begins
  task += serialize(*key.interface) + std::to_string(length);
  if (part_.empty() || task != task_) {
    auto part = task_part(*key.identifier, *key.interface);
    if (!part)
      return part.error();
    task_ = std::move(task);
    part_ = std::move(*part);
  }
  const auto values = inputs_hash(**inputs, key.ignored_inputs);
  if (!values)
    return problem(values.error().message);
  return part_ + to_base64_url(bytes_of(*values)) + "-" + key.cache_version;
}

result<std::string> make_key(const catalog_key& key) {
  return key_maker{}.make(key);
}

} // namespace deja
