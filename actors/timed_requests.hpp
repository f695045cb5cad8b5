#pragma once

#include <deja/messages/atoms.hpp>
#include <deja/messages/caf_error.hpp>

#include <caf/actor_clock.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message_id.hpp>

#include <set>

namespace deja {

/// An actor's requests with time limits, with one alarm for them all. CAF's own limit leaves a
/// timer behind that outlives the answer: at a thousand requests a second with a minute each, sixty
/// thousand of them. `Self` is a pointer to the actor, by whose thread only it is to be used, and
/// which calls `tick` at a `tick_atom`.
template <class Self>
class timed_requests {
public:
  using time_point = caf::actor_clock::time_point;

  explicit timed_requests(Self self) : self_(self) {}

  /// Asks `whom`. The answer, an `Answer`, goes to `then`; to `fail` goes an error, which is
  /// deadline_exceeded where none came until `deadline`.
  template <class Answer, class Whom, class Then, class Fail, class... Ts>
  void ask(time_point deadline, const Whom& whom, Then then, Fail fail, Ts&&... what) {
    const auto asked = self_->request(whom, caf::infinite, std::forward<Ts>(what)...);
    const request open{deadline, asked.id()};
    open_.insert(open);
    set_alarm();
    asked.then(
        [this, open, then = std::move(then)](Answer& answer) mutable {
          open_.erase(open);
          then(std::move(answer));
        },
        [this, open, fail = std::move(fail)](const caf::error& why) {
          open_.erase(open);
          fail(from_caf(why));
        });
  }

  /// Fails what is overdue.
  void tick() {
    const auto now = self_->clock().now();
    alarms_.erase(alarms_.begin(), alarms_.upper_bound(now));
    while (!open_.empty() && open_.begin()->first <= now) {
      // As an answer, for then CAF keeps the request no longer; a later one is to nobody.
      self_->enqueue(
          caf::make_mailbox_element(self_->ctrl(), open_.begin()->second, {},
                                    to_caf({errc::deadline_exceeded, "no answer came in time"})),
          self_->context());
      open_.erase(open_.begin());
    }
    set_alarm();
  }

private:
  using request = std::pair<time_point, caf::message_id>;

  void set_alarm() {
    if (open_.empty())
      return;
    const auto first = open_.begin()->first;
    if (!alarms_.empty() && *alarms_.begin() <= first)
      return; // an alarm that comes too early does no harm
    alarms_.insert(first);
    self_->scheduled_send(self_, first, tick_atom_v);
  }

  Self self_;
  std::set<request> open_;      // the first deadline first
  std::set<time_point> alarms_; // that are still to come
};

} // namespace deja
