#include <deja/messages/last_task.hpp>

#include <deja/messages/proto_bytes.hpp>

namespace deja {

namespace {

bool same(const core::Identifier& one, const core::Identifier& other) {
  return one.resource_type() == other.resource_type() && one.name() == other.name() &&
         one.version() == other.version() && one.project() == other.project() &&
         one.domain() == other.domain() && one.org() == other.org();
}

std::optional<std::string> serialized(const shared<core::TypedInterface>& interface) {
  return interface ? std::optional{serialize(*interface)} : std::nullopt;
}

} // namespace

bool last_task::is_again(const core::Identifier& identifier,
                         const shared<core::TypedInterface>& interface) {
  const bool same_identifier = identifier_ && same(*identifier_, identifier);
  if (same_identifier && interface.pointer() == interface_.pointer())
    return true;
  auto bytes = serialized(interface);
  const bool again = same_identifier && bytes == interface_bytes_;
  if (!same_identifier)
    identifier_ = identifier;
  interface_ = interface;
  interface_bytes_ = std::move(bytes);
  return again;
}

} // namespace deja
