#include <deja/actors/reservation_heartbeat.hpp>

#include <deja/actors/lease_schedule.hpp>
#include <deja/actors/reply.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja {

namespace {

using name = lease_schedule::name;
using heartbeat_actor = reservation_heartbeat_actor::extend<
    // Extends what is due, if this is the latest alarm.
    caf::reacts_to<tick_atom, std::uint64_t>>;

/// For a release, and at least for an extension.
constexpr duration shortest_timeout = std::chrono::seconds{2};

class heartbeat {
public:
  heartbeat(heartbeat_actor::pointer self, connection_actor connection)
      : self_(self), connection_(std::move(connection)) {}

  void hold(const entry_key& key, const reservation& held, const lease_holder_actor& holder) {
    const name whose{key, held.owner};
    holders_.insert_or_assign(whose, holder->address());
    schedule_.hold(whose, held.heartbeat, now());
    if (monitored_.insert(holder.address()).second)
      self_->monitor(holder);
    set_alarm();
  }

  void let_go(const name& whose, const reply<no_value>& answer) {
    schedule_.drop(whose);
    holders_.erase(whose);
    // An extension under way could arrive after the release, and would reserve anew.
    if (const auto extending = extending_.find(whose); extending != extending_.end())
      extending->second.push_back(answer);
    else
      release(whose, [answer](const result<no_value>& done) { answer(done); });
  }

  void holder_ended(const caf::actor_addr& who) {
    monitored_.erase(who);
    std::vector<name> left;
    for (const auto& [whose, holder] : holders_)
      if (holder == who)
        left.push_back(whose);
    for (const auto& whose : left) {
      schedule_.drop(whose);
      holders_.erase(whose);
      if (!extending_.contains(whose))                  // else with the end of its extension
        release(whose, [](const result<no_value>&) {}); // nobody is left to tell
    }
  }

  void tick(std::uint64_t alarm) {
    if (alarm != alarm_)
      return;
    extend(schedule_.take_due(now()));
    set_alarm();
  }

private:
  using waiting = std::vector<reply<no_value>>; // who let go meanwhile

  lease_schedule::time_point now() const { return self_->clock().now(); }

  void set_alarm() {
    const auto next = schedule_.next();
    if (next == alarm_time_)
      return;
    alarm_time_ = next;
    ++alarm_;
    if (next != lease_schedule::time_point::max())
      self_->scheduled_send(self_, next, tick_atom_v, alarm_);
  }

  /// All that are due, in one request.
  void extend(const std::vector<lease_schedule::beat>& due) {
    if (due.empty())
      return;
    auto time = shortest_timeout;
    std::vector<reservation_request> requests;
    for (const auto& [whose, interval] : due) {
      extending_.emplace(whose, waiting{});
      time = std::max(time, interval);
      requests.push_back({whose.key, whose.owner, interval});
    }
    const call_context context{.id = 0, .time_left = time, .traceparent = {}};
    self_
        ->request(connection_, time, reserve_atom_v, context,
                  many<reservation_request>{std::move(requests)})
        .then(
            [this, due](const many<result<reservation>>& held) {
              for (std::size_t at = 0; at < due.size(); ++at)
                extended(due[at].whose, at < held->size() ? (*held)[at] : error{});
            },
            [this, due](const caf::error& why) {
              for (const auto& one : due)
                extended(one.whose, from_caf(why));
            });
  }

  void extended(const name& whose, const result<reservation>& held) {
    if (!held) // out of reach is no loss
      schedule_.retry(whose, now());
    else if (schedule_.holds(whose) && held->owner == whose.owner)
      schedule_.hold(whose, held->heartbeat, now());
    else if (schedule_.holds(whose))
      lose(whose, *held);
    extension_ended(whose);
  }

  void extension_ended(const name& whose) {
    const auto let_go = extending_.extract(whose);
    const auto answer_all = [answers = let_go.mapped()](const result<no_value>& done) {
      for (const auto& answer : answers)
        answer(done);
    };
    if (schedule_.holds(whose))
      answer_all(as_answer({})); // it has been held anew since
    else
      release(whose, answer_all);
    set_alarm();
  }

  void lose(const name& whose, const reservation& theirs) {
    if (const auto holder = caf::actor_cast<lease_holder_actor>(holders_.at(whose)))
      self_->send(holder, lost_atom_v, whose.key, theirs);
    schedule_.drop(whose);
    holders_.erase(whose);
  }

  template <class Then>
  void release(const name& whose, Then then) {
    const call_context context{.id = 0, .time_left = shortest_timeout, .traceparent = {}};
    self_->request(connection_, shortest_timeout, release_atom_v, context, whose.key, whose.owner)
        .then([then](no_value) { then(as_answer({})); },
              [then](const caf::error& why) { then(as_answer(from_caf(why))); });
  }

  heartbeat_actor::pointer self_;
  connection_actor connection_;
  lease_schedule schedule_;
  std::map<name, caf::actor_addr> holders_;
  std::set<caf::actor_addr> monitored_;
  std::map<name, waiting> extending_; // extensions under way
  std::uint64_t alarm_ = 0;           // the latest one; others are out of date
  lease_schedule::time_point alarm_time_ = lease_schedule::time_point::max();
};

struct heartbeat_state {
  std::unique_ptr<heartbeat> one;
};

heartbeat_actor::behavior_type behave(heartbeat_actor::stateful_pointer<heartbeat_state> self,
                                      const connection_actor& connection) {
  self->state.one = std::make_unique<heartbeat>(self, connection);
  auto& one = *self->state.one;
  self->set_down_handler([&one](const caf::down_msg& ended) { one.holder_ended(ended.source); });
  return {
      [&one](hold_atom, const entry_key& key, const reservation& held,
             const lease_holder_actor& holder) { one.hold(key, held, holder); },
      [&one, self](let_go_atom, const entry_key& key, const std::string& owner) {
        const reply answer{self->make_response_promise<no_value>()};
        one.let_go({key, owner}, answer);
        return answer.asker();
      },
      [&one](tick_atom, std::uint64_t alarm) { one.tick(alarm); },
  };
}

} // namespace

reservation_heartbeat_actor spawn_reservation_heartbeat(caf::actor_system& system,
                                                        connection_actor connection) {
  return system.spawn(behave, std::move(connection));
}

} // namespace deja
