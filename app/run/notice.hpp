#pragma once

#include <string_view>

namespace deja::run {

/// Says one line on standard error: `deja: …`, in one write, so that it is not torn by what the
/// command says.
void say(std::string_view text);

} // namespace deja::run
