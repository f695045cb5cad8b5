#include <deja/messages/configure.hpp>

#include <deja/messages/actors.hpp>

#include <caf/actor_system_config.hpp>

namespace deja {

namespace {

std::string render(std::uint8_t code, caf::atom_value, const caf::message& context) {
  return to_string(from_caf(caf::error{code, error_category, context}));
}

} // namespace

void configure(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::deja_messages>();
  config.add_error_category(error_category, render);
}

} // namespace deja
