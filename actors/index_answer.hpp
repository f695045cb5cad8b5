#pragma once

#include <deja/messages/operation.hpp>
#include <deja/messages/shared.hpp>

#include <caf/send.hpp>

#include <thread>

namespace deja {

/// Asks an index by `ask(done)`, from within the actor `self`. An answer that comes at once and on
/// this thread, as from memory, is taken by `take(outcomes)`; else it is sent to `self` as a
/// message, behind `message...`.
template <class Actor, class Ask, class Take, class... Ts>
void ask_index(Actor self, Ask ask, Take take, Ts... message) {
  const auto asking = std::make_shared<bool>(true); // read by this thread only
  const auto here = std::this_thread::get_id();
  ask([=](std::vector<outcome> answer) {
    if (std::this_thread::get_id() == here && *asking)
      take(many<outcome>{std::move(answer)});
    else
      caf::anon_send(self, message..., many<outcome>{std::move(answer)});
  });
  *asking = false;
}

} // namespace deja
