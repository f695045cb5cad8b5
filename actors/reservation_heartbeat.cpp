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
    for (const auto& [whose, interval] : schedule_.take_due(now()))
      extend(whose, interval);
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

  void extend(const name& whose, duration interval) {
    extending_.emplace(whose, waiting{});
    const auto time = std::max(interval, shortest_timeout);
    const call_context context{.id = 0, .time_left = time, .traceparent = {}};
    self_->request(connection_, time, reserve_atom_v, context, whose.key, whose.owner, interval)
        .then([this, whose](const reservation& held) { extended(whose, held); },
              [this, whose](const caf::error&) { // out of reach is no loss
                schedule_.retry(whose, now());
                extension_ended(whose);
              });
  }

  void extended(const name& whose, const reservation& held) {
    if (schedule_.holds(whose)) {
      if (held.owner == whose.owner)
        schedule_.hold(whose, held.heartbeat, now());
      else
        lose(whose, held);
    }
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
