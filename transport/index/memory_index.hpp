#pragma once

#include <deja/messages/clock.hpp>
#include <deja/transport/index/index.hpp>

namespace deja {

/// An index in memory, gone with its process. Answers on the caller's thread.
std::unique_ptr<index>
make_memory_index(std::shared_ptr<const deja::clock> clock = deja::clock::system());

} // namespace deja
