#pragma once

#include <deja/messages/caf_error.hpp>
#include <deja/messages/catalog.hpp>

#include <caf/typed_response_promise.hpp>

#include <memory>

namespace deja {

/// An outcome without a value, as a handler answers with it.
inline result<no_value> as_answer(const result<void>& outcome) {
  if (outcome)
    return no_value{};
  return outcome.error();
}

/// The answer that a request waits for, given once. Copies are the same answer; when the last one
/// goes without having answered, the asker is told `unavailable`: CAF itself would let it wait
/// until its own timeout. To be used by the actor that was asked, and by its thread only.
template <class T>
class reply {
public:
  using promise = caf::typed_response_promise<T>;

  explicit reply(promise asker) : state_(std::make_shared<state>(std::move(asker))) {}

  void operator()(T answer) const {
    if (pending())
      state_->asker.deliver(std::move(answer));
  }

  void operator()(const error& why) const {
    if (pending())
      state_->asker.deliver(to_caf(why));
  }

  void operator()(result<T> answer) const {
    if (answer)
      (*this)(std::move(*answer));
    else
      (*this)(answer.error());
  }

  bool pending() const { return state_->asker.pending(); }

  /// For the handler to return.
  const promise& asker() const { return state_->asker; }

private:
  struct state {
    explicit state(promise of) : asker(std::move(of)) {}

    state(const state&) = delete;
    state& operator=(const state&) = delete;

    ~state() {
      if (asker.pending())
        asker.deliver(to_caf({errc::unavailable, "the actor that was asked has ended"}));
    }

    promise asker;
  };

  std::shared_ptr<state> state_;
};

} // namespace deja
