#include <deja/actors/memoizer.hpp>

#include <deja/actors/flight_steps.hpp>
#include <deja/actors/wait_graph.hpp>
#include <deja/messages/key.hpp>
#include <deja/messages/longest_wait.hpp>

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace deja {

namespace {

namespace step = memoization_step;
using literals = shared<core::LiteralMap>;

std::string_view name_of(memoized_by how) {
  switch (how) {
  case memoized_by::hit:
    return "memoizer.hit";
  case memoized_by::stale:
    return "memoizer.stale";
  case memoized_by::waited:
    return "memoizer.waited";
  case memoized_by::stored:
    return "memoizer.stored";
  case memoized_by::lost_race:
    return "memoizer.lost_race";
  case memoized_by::not_stored:
    break;
  }
  return "memoizer.not_stored";
}

class memoizer {
public:
  memoizer(memoizer_self::pointer self, const catalog_client_actor& client, storage_actor storage,
           const reservation_heartbeat_actor& heartbeat, const memoizer_config& config,
           const connection_actor& connection)
      : self_(self), storage_(std::move(storage)), config_(config),
        steps_(self, flights_, {client, heartbeat, connection}, config,
               {[this](flight& one) { answer_all(one, memoized_by::stale); },
                [this](flight& one, const step::finished& end) {
                  finished(one, end);
                }}) {}

  memoizer(const memoizer&) = delete;
  memoizer& operator=(const memoizer&) = delete;

  void memoize(const call_context& context, const memoize_request& wanted, const task_actor& task,
               const reply<memoized>& answer) {
    if (stopped_)
      return answer(error{errc::unavailable, "the memoizer is being stopped"});
    if (calls_ >= config_.max_calls)
      return answer(error{errc::resource_exhausted, std::to_string(calls_) +
                                                        " calls are under way; max_calls is " +
                                                        std::to_string(config_.max_calls)});
    if (!wanted.key || !task)
      return answer(
          error{errc::invalid_argument, wanted.key ? "no task is given" : "no key is given"});
    if (const auto valid = check(wanted.options); !valid)
      return answer(valid.error());
    ++calls_;
    memoize_call one{++last_call_, context.id, wanted, task, answer};
    auto& max_age = one.wanted.options.max_age;
    if (max_age == duration::zero())
      max_age = config_.max_age;
    with_inputs(std::move(one));
  }

  void cancel(std::uint64_t name) {
    if (name == 0)
      return;
    const error why{errc::canceled, "the call was cancelled"};
    std::erase_if(reading_, [&](const auto& entry) {
      if (entry.second.name != name)
        return false;
      refuse(entry.second, why);
      return true;
    });
    std::vector<std::uint64_t> left;
    for (auto& [id, one] : flights_) {
      const auto before = one.calls.size();
      std::erase_if(one.calls, [&](const memoize_call& gone) {
        if (gone.name != name)
          return false;
        refuse(gone, why);
        return true;
      });
      if (one.calls.size() < before && one.calls.empty())
        left.push_back(id);
    }
    for (const auto id : left)
      if (auto* one = flights_.find(id))
        abandon(*one);
  }

  void stop(duration time, const reply<no_value>& answer) {
    stopped_ = true;
    stopping_.push_back(answer);
    if (flights_.empty())
      return end();
    self_->delayed_send(self_, std::clamp(time, duration::zero(), longest_wait), tick_atom_v,
                        std::uint64_t{0}, std::uint64_t{0});
  }

  /// Flight 0 is none: the call's patience is over, or for call 0 the time to stop.
  void tick(std::uint64_t flight, std::uint64_t number) {
    if (flight != 0)
      return steps_.slept(flight, number);
    if (number != 0)
      return lose_patience(number);
    end();
  }

  void lost(const entry_key& key, const reservation& theirs) { steps_.lost(key, theirs); }

  void task_ended(const caf::actor_addr& who) { steps_.task_ended(who); }

private:
  result<void> check(const memoize_options& options) const {
    const auto wrong = [](const std::string& field, duration value, const std::string& why) {
      return error{errc::invalid_argument,
                   "memoize: " + field + " is " + std::to_string(value.count()) + " ns; " + why};
    };
    if (options.max_age < duration::zero())
      return wrong("max_age", options.max_age, "0 and more are possible");
    if (options.wait_timeout && *options.wait_timeout < duration::zero())
      return wrong("wait_timeout", *options.wait_timeout, "0 and more are possible");
    if (options.serve_stale && std::max(options.max_age, config_.max_age) == duration::zero())
      return wrong("max_age", options.max_age, "serve_stale needs one");
    return {};
  }

  void count(std::string_view name) const {
    if (config_.metrics)
      config_.metrics->count(name, 1);
  }

  /// The key is in the content of the inputs, which are read once.
  void with_inputs(memoize_call one) {
    const auto* unread = std::get_if<inputs_under>(&one.wanted.key->inputs);
    if (unread == nullptr)
      return board(std::move(one));
    const auto number = one.number;
    self_->request(storage_, caf::infinite, read_atom_v, many<inputs_under>{{*unread}})
        .then([=, this](const many<result<literals>>& read) { inputs_read(number, read->front()); },
              [=, this](const caf::error& why) { inputs_read(number, from_caf(why)); });
    reading_.emplace(number, std::move(one));
  }

  void inputs_read(std::uint64_t number, const result<literals>& inputs) {
    auto found = reading_.extract(number);
    if (!found) // cancelled meanwhile
      return;
    auto one = std::move(found.mapped());
    if (!inputs)
      return refuse(one, within("reading the inputs", inputs.error()));
    auto key = *one.wanted.key;
    key.inputs = *inputs;
    one.wanted.key = std::move(key);
    board(std::move(one));
  }

  /// Joins the flight for the same, or begins one.
  void board(memoize_call one) {
    const auto& key = *one.wanted.key;
    auto text = keys_.make(key);
    if (!text)
      return refuse(one, text.error());
    const auto& task = *key.identifier;
    const auto& options = one.wanted.options;
    flight_key joined{{{task.org(), task.project(), task.domain()}, std::move(*text)},
                      options.overwrite,
                      options.max_age,
                      options.serve_stale};
    const auto primary = primary_key(joined.where);
    waits_.end(one.number);
    const bool closes_cycle = waits_.closes_cycle(one.wanted.held, primary);
    if (closes_cycle || options.no_wait)
      joined.alone = one.number;
    else
      waits_.begin(one.number, one.wanted.held, primary);
    if (auto* under_way = flights_.find(joined)) {
      if (options.wait_timeout)
        self_->delayed_send(self_, std::min(*options.wait_timeout, longest_wait), tick_atom_v,
                            std::uint64_t{0}, one.number);
      return join(*under_way, std::move(one));
    }
    begin(std::move(joined), std::move(one), closes_cycle);
  }

  void join(flight& other, memoize_call one) {
    if (other.stale)
      return answer(one, *other.stale, memoized_by::stale);
    const bool is_part = !one.wanted.held.empty();
    other.calls.push_back(std::move(one));
    if (is_part)
      steps_.become_part(other);
  }

  void begin(flight_key key, memoize_call first, bool closes_cycle) {
    const auto& options = first.wanted.options;
    memoization_options course;
    course.max_age = options.max_age;
    course.refresh = options.overwrite;
    course.read_only = closes_cycle;
    course.no_wait = options.no_wait;
    course.wait_timeout = options.wait_timeout;
    auto& one = flights_.add(std::move(key), std::move(course));
    one.is_part = !first.wanted.held.empty();
    one.calls.push_back(std::move(first));
    steps_.go_on(one);
  }

  void finished(flight& one, const step::finished& end) {
    switch (end.outcome) {
    case memoization_outcome::hit:
      return answer_and_end(one, one.outcome.how);
    case memoization_outcome::stored:
      return answer_and_end(one, memoized_by::stored);
    case memoization_outcome::lost_race:
      return answer_and_end(one, memoized_by::lost_race);
    case memoization_outcome::not_stored:
      one.outcome.why = end.why.value_or(error{
          errc::failed_precondition, "another computation of the same task waits for this one"});
      return answer_and_end(one, memoized_by::not_stored);
    case memoization_outcome::unremembered:
      return answer_and_end(one, memoized_by::not_stored);
    case memoization_outcome::failed:
    case memoization_outcome::refused:
      return pass_on(one);
    }
  }

  /// The computation failed: its call is told, and the others' next one takes over. Where it was
  /// stopped because the reservation was lost, all begin anew, and wait for who has it now.
  void pass_on(flight& one) {
    auto left = std::move(one.calls);
    if (one.failure && one.computing) {
      count("memoizer.failed");
      std::erase_if(left, [&](const memoize_call& each) {
        if (each.number != one.computing->number)
          return false;
        refuse(each, *one.failure);
        return true;
      });
    }
    remove(one);
    for (auto& each : left)
      if (stopped_)
        refuse(each, {errc::canceled, "the memoizer was stopped"});
      else
        board(std::move(each));
  }

  void answer_and_end(flight& one, memoized_by how) {
    answer_all(one, how);
    remove(one);
  }

  void answer_all(flight& one, memoized_by how) {
    for (const auto& each : one.calls) {
      auto told = one.outcome;
      const bool is_computed = how == memoized_by::stored || how == memoized_by::lost_race ||
                               how == memoized_by::not_stored;
      const bool is_others = is_computed && each.number != one.computing->number;
      if (is_others)
        told.why.reset();
      answer(each, std::move(told), is_others ? memoized_by::waited : how);
    }
    one.calls.clear();
  }

  void answer(const memoize_call& one, memoized told, memoized_by how) {
    told.how = how;
    count(name_of(how));
    forget(one);
    one.answer(std::move(told));
  }

  void refuse(const memoize_call& one, const error& why) {
    forget(one);
    one.answer(why);
  }

  void forget(const memoize_call& one) {
    --calls_;
    waits_.end(one.number);
  }

  /// Nobody wants it any more.
  void abandon(flight& one) {
    steps_.abandon(one);
    remove(one);
  }

  void remove(flight& one) {
    flights_.remove(one);
    if (stopped_ && flights_.empty())
      end();
  }

  /// A call that joined a flight, and will wait no longer, goes on by itself; but not one whose
  /// task computes already.
  void lose_patience(std::uint64_t number) {
    const auto is_it = [number](const memoize_call& each) {
      return each.number == number;
    };
    for (auto& [id, one] : flights_) {
      const auto found = std::ranges::find_if(one.calls, is_it);
      if (found == one.calls.end())
        continue;
      if (one.computing && one.computing->number == number)
        return;
      auto alone = std::move(*found);
      one.calls.erase(found);
      if (one.calls.empty())
        abandon(one);
      alone.wanted.options.no_wait = true;
      return board(std::move(alone));
    }
  }

  void end() {
    for (auto& [id, one] : flights_) {
      steps_.cancel(one);
      for (const auto& each : one.calls)
        each.answer(error{errc::canceled, "the memoizer was stopped"});
    }
    flights_.clear();
    for (const auto& answer : stopping_)
      answer(no_value{});
    stopping_.clear();
    self_->quit(); // the heartbeat sees it, and releases what is reserved
  }

  memoizer_self::pointer self_;
  storage_actor storage_;
  memoizer_config config_;
  flights flights_;
  flight_steps steps_;
  key_maker keys_;
  wait_graph waits_;                              // of calls that computations have made
  std::map<std::uint64_t, memoize_call> reading_; // calls whose inputs are being read, by number
  std::uint64_t last_call_ = 0;
  std::size_t calls_ = 0; // under way
  bool stopped_ = false;
  std::vector<reply<no_value>> stopping_;
};

struct memoizer_state {
  std::unique_ptr<memoizer> one;
};

memoizer_self::behavior_type
behave(memoizer_self::stateful_pointer<memoizer_state> self, const catalog_client_actor& client,
       const storage_actor& storage, const reservation_heartbeat_actor& heartbeat,
       const memoizer_config& config, const connection_actor& connection) {
  self->state.one =
      std::make_unique<memoizer>(self, client, storage, heartbeat, config, connection);
  auto& one = *self->state.one;
  self->set_down_handler([&one](const caf::down_msg& ended) { one.task_ended(ended.source); });
  return {
      [self, &one](memoize_atom, const call_context& context, const memoize_request& wanted,
                   const task_actor& task) {
        const reply answer{self->make_response_promise<memoized>()};
        one.memoize(context, wanted, task, answer);
        return answer.asker();
      },
      [&one](cancel_atom, std::uint64_t name) { one.cancel(name); },
      [self, &one](stop_atom, duration time) {
        const reply answer{self->make_response_promise<no_value>()};
        one.stop(time, answer);
        return answer.asker();
      },
      [&one](lost_atom, const entry_key& key, const reservation& theirs) { one.lost(key, theirs); },
      [&one](tick_atom, std::uint64_t flight, std::uint64_t number) { one.tick(flight, number); },
  };
}

} // namespace

memoizer_actor spawn_memoizer(caf::actor_system& system, catalog_client_actor client,
                              storage_actor storage, reservation_heartbeat_actor heartbeat,
                              memoizer_config config, connection_actor connection) {
  config.validate().value();
  return system.spawn(behave, std::move(client), std::move(storage), std::move(heartbeat),
                      std::move(config), std::move(connection));
}

} // namespace deja
