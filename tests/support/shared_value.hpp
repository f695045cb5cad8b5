#pragma once

#include <deja/messages/shared.hpp>

namespace deja::testing {

/// Gives what may be shared the value that `edit` makes of it, or of an empty one.
template <class T, class Edit>
void change(shared<T>& value, Edit edit) {
  T changed = value ? *value : T{};
  edit(changed);
  value = std::move(changed);
}

} // namespace deja::testing
