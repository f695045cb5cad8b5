#include <deja/transport/connect/responder.hpp>

#include <deja/transport/connect/event_loop.hpp>

#include <atomic>

namespace deja::http {

struct responder::state {
  state(std::shared_ptr<loop_inbox> way_back, std::uint64_t number)
      : inbox(std::move(way_back)), call(number) {}

  ~state() {
    if (!answered)
      inbox->answer(call,
                    error_response({errc::unavailable, "the call was dropped without an answer"}));
  }

  state(const state&) = delete;
  state& operator=(const state&) = delete;

  std::shared_ptr<loop_inbox> inbox;
  std::uint64_t call;
  std::atomic<bool> answered = false;
};

responder::responder(std::shared_ptr<loop_inbox> inbox, std::uint64_t call)
    : state_(std::make_shared<state>(std::move(inbox), call)) {}

void responder::operator()(response answer) const {
  if (!state_->answered.exchange(true))
    state_->inbox->answer(state_->call, std::move(answer));
}

void responder::post(std::function<void()> task) const {
  state_->inbox->post(std::move(task));
}

void responder::give_up_after(duration limit, response instead) const {
  state_->inbox->give_up_after(state_->call, limit, std::move(instead));
}

void responder::when_gone(std::function<void()> leave) const {
  state_->inbox->when_gone(state_->call, std::move(leave));
}

} // namespace deja::http
