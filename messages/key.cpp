#include <deja/messages/key.hpp>

#include <deja/messages/base64.hpp>
#include <deja/messages/object_hash.hpp>

namespace deja {

namespace {

// How many characters of an interface's hash stand in the key.
constexpr std::size_t interface_characters = 8;

// Of a part of the interface; only so many of its bytes count.
std::string interface_part(const digest& hash) {
  return to_base64_url(bytes_of(hash).substr(0, interface_characters * 6 / 8));
}

error problem(const std::string& why) {
  return {errc::invalid_argument, "cannot make the cache key: " + why};
}

// The inputs in memory; null where none are given.
result<const core::LiteralMap*> given(const input_source& inputs) {
  if (const auto* unread = std::get_if<inputs_under>(&inputs))
    return problem("the inputs under \"" + unread->prefix + "\" have not been read yet");
  const auto* read = std::get_if<shared<core::LiteralMap>>(&inputs);
  return read != nullptr ? read->pointer().get() : nullptr;
}

// The inputs, once identifier and interface are known to be there. Where the interface takes no
// inputs, they need not have been read.
result<const core::LiteralMap*> inputs_of(const catalog_key& key) {
  if (!key.identifier)
    return problem("no identifier is given");
  if (!key.interface)
    return problem("no interface is given");
  if (!key.interface->has_inputs() && std::holds_alternative<inputs_under>(key.inputs))
    return &core::LiteralMap::default_instance();
  const auto inputs = given(key.inputs);
  if (inputs && *inputs == nullptr)
    return problem("no inputs are given");
  return inputs;
}

} // namespace

result<task_key> task_key::of(const core::Identifier& identifier,
                              const core::TypedInterface& interface) {
  const auto task = task_hash(identifier);
  if (!task)
    return problem(task.error().message);
  const auto taken = object_hash(interface.inputs(), "interface.inputs");
  if (!taken)
    return problem(taken.error().message);
  const auto given_back = object_hash(interface.outputs(), "interface.outputs");
  if (!given_back)
    return problem(given_back.error().message);
  task_key made;
  made.takes_inputs_ = interface.has_inputs();
  made.text_ = to_base64(bytes_of(*task)) + "-" + interface_part(*taken) + "-" +
               interface_part(*given_back) + "-";
  return made;
}

result<std::string> task_key::with(const core::LiteralMap& inputs,
                                   const std::set<std::string>& ignored,
                                   std::string_view cache_version) const {
  const auto values =
      inputs_hash(takes_inputs_ ? inputs : core::LiteralMap::default_instance(), ignored);
  if (!values)
    return problem(values.error().message);
  const auto last = to_base64_url(bytes_of(*values));
  std::string key;
  key.reserve(text_.size() + last.size() + 1 + cache_version.size());
  return key.append(text_).append(last).append("-").append(cache_version);
}

result<std::string> key_maker::make(const catalog_key& key) {
  const auto inputs = inputs_of(key);
  if (!inputs)
    return inputs.error();
  if (!last_.is_again(*key.identifier, key.interface))
    task_.reset();
  if (!task_) {
    auto task = task_key::of(*key.identifier, *key.interface);
    if (!task)
      return task.error();
    task_ = std::move(*task);
  }
  return task_->with(**inputs, key.ignored_inputs, key.cache_version);
}

result<std::string> make_key(const catalog_key& key) {
  const auto inputs = inputs_of(key);
  if (!inputs)
    return inputs.error();
  const auto task = task_key::of(*key.identifier, *key.interface);
  return task ? task->with(**inputs, key.ignored_inputs, key.cache_version) : task.error();
}

} // namespace deja
