#pragma once

#include <deja/messages/atoms.hpp>
#include <deja/messages/caf_error.hpp>

#include <caf/actor_clock.hpp>

#include <functional>
#include <map>
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
  template <class Answer, class Whom, class Then, class... Ts>
  void ask(time_point deadline, const Whom& whom, Then then, std::function<void(const error&)> fail,
           Ts&&... what) {
    const key number{deadline, ++last_};
    open_.emplace(number, std::move(fail));
    set_alarm();
    self_->request(whom, caf::infinite, std::forward<Ts>(what)...)
        .then(
            [this, number, then = std::move(then)](Answer& answer) mutable {
              if (open_.erase(number) > 0)
                then(std::move(answer));
            },
            [this, number](const caf::error& why) {
              if (const auto asked = open_.extract(number))
                asked.mapped()(from_caf(why));
            });
  }

  /// Fails what is overdue.
  void tick() {
    const auto now = self_->clock().now();
    alarms_.erase(alarms_.begin(), alarms_.upper_bound(now));
    while (!open_.empty() && open_.begin()->first.first <= now)
      open_.extract(open_.begin()).mapped()({errc::deadline_exceeded, "no answer came in time"});
    set_alarm();
  }

private:
  using key = std::pair<time_point, std::uint64_t>;

  void set_alarm() {
    if (open_.empty())
      return;
    const auto first = open_.begin()->first.first;
    if (!alarms_.empty() && *alarms_.begin() <= first)
      return; // an alarm that comes too early does no harm
    alarms_.insert(first);
    self_->scheduled_send(self_, first, tick_atom_v);
  }

  Self self_;
  std::uint64_t last_ = 0;
  std::map<key, std::function<void(const error&)>> open_; // the first deadline first
  std::set<time_point> alarms_;                           // that are still to come
};

} // namespace deja
