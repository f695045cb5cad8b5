#include <deja/transport/connect/responder.hpp>

#include <deja/transport/connect/session.hpp>

#include <atomic>

namespace deja::http {

struct responder::state {
  state(std::shared_ptr<loop_inbox> way_back, session_call asked)
      : inbox(std::move(way_back)), call(std::move(asked)) {}

  ~state() {
    if (!answered)
      inbox->answer(call,
                    error_response({errc::unavailable, "the call was dropped without an answer"}));
  }

  state(const state&) = delete;
  state& operator=(const state&) = delete;

  std::shared_ptr<loop_inbox> inbox;
  session_call call;
  std::atomic<bool> answered = false;
};

responder::responder(std::shared_ptr<loop_inbox> inbox, session_call call)
    : state_(std::make_shared<state>(std::move(inbox), std::move(call))) {}

void responder::operator()(response answer) const {
  if (!state_->answered.exchange(true))
    state_->inbox->answer(state_->call, std::move(answer));
}

void responder::post(std::function<void()> task) const {
  state_->inbox->post(std::move(task));
}

void responder::give_up_after(duration limit, response instead) const {
  if (const auto caller = state_->call.caller.lock())
    caller->give_up_after(limit, std::move(instead));
}

void responder::when_gone(std::function<void()> leave) const {
  if (const auto caller = state_->call.caller.lock())
    caller->when_gone(std::move(leave));
}

} // namespace deja::http
