#include <deja/messages/caf_error.hpp>

#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

namespace deja {

namespace {

// What was said beside the code, where it is a text.
std::string text_of(const caf::error& why) {
  const auto& context = why.context();
  if (context.empty())
    return {};
  return context.match_elements<std::string>() ? context.get_as<std::string>(0)
                                               : caf::to_string(context);
}

errc code_of(caf::sec code) {
  switch (code) {
  case caf::sec::request_timeout:
  case caf::sec::connection_timeout:
    return errc::deadline_exceeded;
  case caf::sec::request_receiver_down:
  case caf::sec::no_route_to_receiving_node:
  case caf::sec::cannot_connect_to_node:
  case caf::sec::no_actor_published_at_port:
  case caf::sec::disconnect_during_handshake:
  case caf::sec::remote_linking_failed:
  case caf::sec::remote_lookup_failed:
  case caf::sec::socket_disconnected:
  case caf::sec::unavailable_or_would_block:
    return errc::unavailable;
  case caf::sec::invalid_argument:
    return errc::invalid_argument;
  case caf::sec::feature_disabled:
    return errc::unimplemented;
  default:
    return errc::internal;
  }
}

errc code_of(caf::exit_reason code) {
  switch (code) {
  case caf::exit_reason::unhandled_exception:
    return errc::internal;
  case caf::exit_reason::out_of_workers:
    return errc::resource_exhausted;
  default:
    return errc::unavailable;
  }
}

error described(errc code, std::string_view what, std::string_view name, const std::string& text) {
  auto message = std::string{what} + std::string{name};
  return {code, text.empty() ? message : message + " (" + text + ")"};
}

} // namespace

caf::error to_caf(const error& why) {
  return caf::make_error(why.code, why.message);
}

error from_caf(const caf::error& why) {
  // The accessors of an empty error read through a null pointer.
  if (!why)
    return {errc::internal, "an actor failed without an error"};
  const auto text = text_of(why);
  if (why.category() == error_category)
    return {static_cast<errc>(why.code()), text};
  if (why.category() == caf::atom("system")) {
    const auto code = static_cast<caf::sec>(why.code());
    return described(code_of(code), "an actor did not answer: ", to_string(code), text);
  }
  if (why.category() == caf::atom("exit")) {
    const auto code = static_cast<caf::exit_reason>(why.code());
    return described(code_of(code), "an actor has ended: ", to_string(code), text);
  }
  return described(errc::unknown, "an actor failed: ", caf::to_string(why), {});
}

} // namespace deja
