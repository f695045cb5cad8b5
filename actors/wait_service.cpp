#include <deja/actors/wait_service.hpp>

#include <deja/actors/index_answer.hpp>
#include <deja/actors/reply.hpp>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <map>

namespace deja {

namespace {

using keys = many<entry_key>;
using outcomes = many<outcome>;

// What the actor takes beside its interface.
using self_actor = wait_service_actor::extend<
    // These keys may have changed.
    caf::reacts_to<change_atom, keys>,
    // The look-up of these keys is done.
    caf::reacts_to<look_up_atom, keys, outcomes>,
    // Something is due, if this is the latest alarm.
    caf::reacts_to<tick_atom, std::uint64_t>>;

class wait_service {
public:
  wait_service(self_actor::pointer self, std::shared_ptr<index> index,
               const wait_service_config& config)
      : self_(self), index_(std::move(index)), config_(config), room_(config.limits) {
    // Most of the time nobody waits at all.
    index_->watch([anyone = anyone_, who = caf::actor_cast<caf::weak_actor_ptr>(self)](
                      std::span<const entry_key> changed) {
      if (!*anyone)
        return;
      if (const auto here = caf::actor_cast<caf::strong_actor_ptr>(who))
        caf::anon_send(caf::actor_cast<self_actor>(here), change_atom_v,
                       keys{std::vector<entry_key>{changed.begin(), changed.end()}});
    });
  }

  wait_service(const wait_service&) = delete;
  wait_service& operator=(const wait_service&) = delete;

  ~wait_service() { index_->watch({}); }

  void wait(const call_context& context, const wait_request& wanted, const caf::actor_addr& whose,
            const reply<waited>& answer) {
    if (stopped_)
      return answer(shutting_down());
    auto time = config_.longest;
    if (context.time_left > duration::zero())
      time = std::min(time, context.time_left);
    // Before it is looked up, so that no change after that is missed.
    *anyone_ = true;
    const auto number = room_.enter(wanted, now() + time, now());
    if (!number)
      return answer(number.error());
    const asker who{whose, context.id};
    answers_.emplace(*number, waiting{answer, who});
    if (context.id != 0)
      numbers_.insert_or_assign(who, *number);
    go_on();
  }

  void cancel(const caf::actor_addr& whose, std::uint64_t id) {
    const auto found = numbers_.find({whose, id});
    if (found == numbers_.end())
      return;
    const auto number = found->second;
    room_.leave(number);
    take(number)(error{errc::canceled, "the wait was cancelled"});
  }

  void changed(const keys& which) {
    room_.changed(*which, now());
    go_on();
  }

  void end_look(const keys& which, const outcomes& found) {
    looking_ = false;
    tell(room_.looked_up(*which, *found, now(), config_.clock->now()));
  }

  void tick(std::uint64_t alarm) {
    if (alarm != alarm_)
      return;
    rings_.reset();
    tell(room_.out_of_patience(now()));
    go_on();
  }

  /// Looks up what is due, one look-up at a time.
  void go_on() {
    while (!looking_) {
      const keys due{room_.due(now())};
      if (due->empty())
        break;
      looking_ = true;
      ask_index(
          self_actor{self_}, [&](index::outcomes done) { index_->lookup(due, std::move(done)); },
          [this, due](const outcomes& found) { end_look(due, found); }, look_up_atom_v, due);
    }
    set_alarm();
  }

  many<std::uint64_t> count(const keys& which) const {
    std::vector<std::uint64_t> counts;
    if (!which || which->empty())
      counts.push_back(room_.waiters());
    else
      for (const auto& key : *which)
        counts.push_back(room_.waiters_for(key));
    return counts;
  }

  void stop() {
    stopped_ = true;
    numbers_.clear();
    for (const auto& [number, one] : std::exchange(answers_, {})) {
      room_.leave(number);
      one.answer(shutting_down());
    }
  }

private:
  using asker = std::pair<caf::actor_addr, std::uint64_t>;

  struct waiting {
    reply<waited> answer;
    asker who;
  };

  static error shutting_down() { return {errc::unavailable, "the service is shutting down"}; }

  waiting_room::time_point now() const { return self_->clock().now(); }

  void tell(std::vector<waiting_room::told> all) {
    for (auto& [number, what] : all)
      take(number)(std::move(what));
    *anyone_ = room_.waiters() > 0;
  }

  reply<waited> take(waiting_room::number number) {
    const auto one = answers_.extract(number);
    const auto named = numbers_.find(one.mapped().who);
    if (named != numbers_.end() && named->second == number)
      numbers_.erase(named);
    return one.mapped().answer;
  }

  void set_alarm() {
    auto next = room_.next_end();
    if (const auto look = room_.next_look(); look && !looking_ && (!next || *look < *next))
      next = look;
    if (!next || (rings_ && *rings_ <= *next))
      return;
    rings_ = next;
    self_->delayed_send(self_, std::max<duration>(*next - now(), duration::zero()), tick_atom_v,
                        ++alarm_);
  }

  self_actor::pointer self_;
  std::shared_ptr<index> index_;
  wait_service_config config_;
  waiting_room room_;
  std::shared_ptr<std::atomic<bool>> anyone_ = std::make_shared<std::atomic<bool>>(false);
  std::unordered_map<waiting_room::number, waiting> answers_;
  std::map<asker, waiting_room::number> numbers_; // of those that can be cancelled
  bool looking_ = false;
  bool stopped_ = false;
  std::uint64_t alarm_ = 0; // the latest; others are stale
  std::optional<waiting_room::time_point> rings_{};
};

struct wait_service_state {
  std::unique_ptr<wait_service> one;
};

self_actor::behavior_type behave(self_actor::stateful_pointer<wait_service_state> self,
                                 const std::shared_ptr<index>& index,
                                 const wait_service_config& config) {
  auto& one = self->state.one;
  one = std::make_unique<wait_service>(self, index, config);
  return {
      [self, &one](wait_atom, const call_context& context, const wait_request& wanted) {
        const auto whose = caf::actor_cast<caf::actor_addr>(self->current_sender());
        const reply answer{self->make_response_promise<waited>()}; // which takes the sender
        one->wait(context, wanted, whose, answer);
        return answer.asker();
      },
      [self, &one](cancel_atom, std::uint64_t id) {
        one->cancel(caf::actor_cast<caf::actor_addr>(self->current_sender()), id);
      },
      [&one](count_atom, const keys& which) { return one->count(which); },
      [&one](stop_atom) {
        one->stop();
        return no_value{};
      },
      [&one](change_atom, const keys& which) { one->changed(which); },
      [&one](look_up_atom, const keys& which, const outcomes& found) {
        one->end_look(which, found);
        one->go_on();
      },
      [&one](tick_atom, std::uint64_t alarm) { one->tick(alarm); },
  };
}

} // namespace

result<void> wait_service_config::validate() const {
  const auto wrong = [](const std::string& what) {
    return error{errc::invalid_argument, "wait service: " + what};
  };
  const auto span = [&](const char* field, duration value) -> result<void> {
    if (value < std::chrono::milliseconds{1} || value > std::chrono::hours{1})
      return wrong(std::string{field} + " is " + std::to_string(value.count()) +
                   " ns; 1 ms to 1 h are possible");
    return {};
  };
  if (!clock)
    return wrong("there is no clock");
  if (limits.waiters == 0 || limits.keys_at_once == 0)
    return wrong("limits: waiters and keys_at_once must be at least 1");
  if (auto valid = span("limits: look_every", limits.look_every); !valid)
    return valid;
  return span("longest", longest);
}

wait_service_actor spawn_wait_service(caf::actor_system& system, std::shared_ptr<index> index,
                                      wait_service_config config) {
  config.validate().value();
  return system.spawn(behave, std::move(index), std::move(config));
}

} // namespace deja
