#pragma once

#include <deja/messages/catalog.hpp>

namespace deja::testing {

/// Literals with one integer, named x.
inline core::LiteralMap some_literals(std::int64_t value) {
  core::LiteralMap map;
  (*map.mutable_literals())["x"].mutable_scalar()->mutable_primitive()->set_integer(value);
  return map;
}

/// The key of a task "train" that takes one integer, named x.
inline catalog_key some_key(std::int64_t input = 1) {
  catalog_key key;
  key.identifier.emplace();
  key.identifier->set_resource_type(core::TASK);
  key.identifier->set_org("o");
  key.identifier->set_project("p");
  key.identifier->set_domain("d");
  key.identifier->set_name("train");
  key.identifier->set_version("v7");
  key.cache_version = "1";
  core::TypedInterface interface;
  auto& variable = *interface.mutable_inputs()->add_variables();
  variable.set_key("x");
  variable.mutable_value()->mutable_type()->set_simple(core::INTEGER);
  key.interface = std::move(interface);
  key.inputs = shared<core::LiteralMap>{some_literals(input)};
  return key;
}

} // namespace deja::testing
