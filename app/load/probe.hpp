#pragma once

#include <deja/app/load/settings.hpp>

namespace deja::app::load {

/// What a service is, as far as it can be found out.
struct service_facts {
  bool has_extension = false;
};

/// Asks the service for a key that isn't there. An error that says what is wrong where it can't be
/// reached, is no cache service, or does not take the access token.
result<service_facts> probe(const settings& how);

} // namespace deja::app::load
