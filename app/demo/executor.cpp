#include <deja/app/demo/executor.hpp>

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>

namespace deja::app::demo {

namespace {

using outputs = shared<core::LiteralMap>;
using namespace std::chrono_literals;

constexpr std::size_t most_under_way = 256; // calls of `memoize`
constexpr std::uint64_t most_attempts = 5;  // for a task, and to store a result
constexpr duration pause = 500ms;           // before another

core::LiteralMap to_literals(const task_inputs& texts) {
  core::LiteralMap map;
  for (const auto& [name, text] : texts)
    (*map.mutable_literals())[name].mutable_scalar()->mutable_primitive()->set_string_value(text);
  return map;
}

/// What identifies a task: its name, the version of what it does, and its inputs.
catalog_key key_of(const task& what, const task_inputs& inputs) {
  catalog_key key;
  auto& identifier = key.identifier.emplace();
  identifier.set_resource_type(core::TASK);
  identifier.set_project("deja");
  identifier.set_domain("demo");
  identifier.set_name(what.name);
  key.cache_version = "1";
  core::TypedInterface interface;
  interface.mutable_inputs();
  interface.mutable_outputs()->add_variables()->set_key("text");
  key.interface = std::move(interface);
  key.inputs = outputs{to_literals(inputs)};
  return key;
}

/// A computation on a thread of its own, which may take long.
using computer_actor =
    caf::typed_actor<caf::replies_to<compute_atom, lease>::with<shared<core::LiteralMap>>>;

computer_actor::behavior_type compute(computer_actor::pointer self, const task& what,
                                      const task_inputs& inputs) {
  return {[=](compute_atom, const lease&) {
    self->quit();
    return outputs{to_literals({{"text", what.compute(inputs)}})};
  }};
}

/// What the memoizer asks where nobody has computed the task.
task_actor::behavior_type offer(task_actor::pointer self, const task& what,
                                const task_inputs& inputs) {
  return {[=](compute_atom verb, const lease& right) {
            return self->delegate(self->spawn<caf::detached>(compute, what, inputs), verb, right);
          },
          [](cancel_atom, std::uint64_t) {
          }}; // what is begun is finished: it is short
}

using executor_actor = caf::typed_actor<
    // Asks for the task with this index again.
    caf::reacts_to<tick_atom, std::size_t>,
    // Stores its result again.
    caf::reacts_to<put_atom, std::size_t, catalog_put>>;

class execution {
public:
  execution(executor_actor::pointer self, catalog_handles catalog, workflow plan,
            workflow_listener listener)
      : self_(self), catalog_(std::move(catalog)), plan_(std::move(plan)),
        listener_(std::move(listener)), states_(plan_.tasks.size()) {
    now_.tasks = plan_.tasks.size();
    for (std::size_t at = 0; at < plan_.tasks.size(); ++at) {
      states_[at].missing = plan_.tasks[at].taken.size();
      for (const auto& [name, of] : plan_.tasks[at].taken)
        states_[of].takers.push_back(at);
      if (states_[at].missing == 0)
        ready_.push_back(at);
    }
    begin_ready();
  }

  /// Asks for the task's result, from whomever it is.
  void memoize(std::size_t at) {
    const auto& what = plan_.tasks[at];
    const auto inputs = inputs_of(what);
    const shared<catalog_key> key{key_of(what, inputs)};
    self_
        ->request(catalog_.memoizer, caf::infinite, memoize_atom_v, call_context{},
                  memoize_request{key, {}, {}, {}}, self_->system().spawn(offer, what, inputs))
        .then([=, this](const memoized& made) { done(at, key, made); },
              [=, this](const caf::error& why) { failed(at, from_caf(why)); });
  }

  /// Stores a result that the cache was out of reach for.
  void store(std::size_t at, const catalog_put& what) {
    self_
        ->request(catalog_.writer, caf::infinite, upload_atom_v, call_context{},
                  many<catalog_put>{{what}})
        .then(
            [=, this](const many<result<put_status>>& stored) {
              if (const auto& one = stored->front(); !one && try_again(at, one.error()))
                self_->delayed_send(self_, pause, put_atom_v, at, what);
              else
                end_store(one.has_value());
            },
            [this](const caf::error&) { end_store(false); });
  }

private:
  struct task_state {
    std::size_t missing = 0;         // results that it takes
    std::vector<std::size_t> takers; // of its own
    std::uint64_t attempts = 1;
    std::string made;
  };

  void begin_ready() {
    for (; !ready_.empty() && under_way_ < most_under_way; ready_.pop_front()) {
      ++under_way_;
      memoize(ready_.front());
    }
  }

  task_inputs inputs_of(const task& what) const {
    auto inputs = what.given;
    for (const auto& [name, of] : what.taken)
      inputs.emplace_back(name, states_[of].made);
    return inputs;
  }

  void done(std::size_t at, const shared<catalog_key>& key, const memoized& made) {
    states_[at].made = made.outputs->literals().at("text").scalar().primitive().string_value();
    switch (made.how) {
    case memoized_by::hit:
    case memoized_by::stale:
      ++now_.hits;
      now_.saved += made.computation;
      break;
    case memoized_by::waited:
      ++now_.waited;
      now_.saved += made.computation;
      break;
    case memoized_by::not_stored:
      states_[at].attempts = 1;
      ++storing_;
      self_->delayed_send(self_, pause, put_atom_v, at, catalog_put{key, made.outputs, {}});
      [[fallthrough]];
    case memoized_by::stored:
    case memoized_by::lost_race:
      ++now_.computed;
      now_.computing += made.computation;
    }
    ++now_.done;
    --under_way_;
    for (const auto taker : states_[at].takers)
      if (--states_[taker].missing == 0)
        ready_.push_back(taker);
    self_->send(listener_, progress_atom_v, now_);
    begin_ready();
    end_if_done();
  }

  void failed(std::size_t at, const error& why) {
    if (try_again(at, why))
      self_->delayed_send(self_, pause, tick_atom_v, at);
    else
      end(within("the task \"" + plan_.tasks[at].name + '"', why));
  }

  bool try_again(std::size_t at, const error& why) {
    gave_up_ = gave_up_ || states_[at].attempts >= most_attempts; // what one found, all would find
    if (gave_up_ || !can_pass(why.code))
      return false;
    ++states_[at].attempts;
    ++now_.retries;
    return true;
  }

  void end_store(bool stored) {
    now_.not_stored += !stored;
    --storing_;
    self_->send(listener_, progress_atom_v, now_);
    end_if_done();
  }

  void end_if_done() {
    if (now_.done == now_.tasks && storing_ == 0)
      end(states_.back().made);
  }

  void end(result<std::string> how) {
    self_->send(listener_, done_atom_v, std::move(how));
    self_->quit();
  }

  executor_actor::pointer self_;
  catalog_handles catalog_;
  workflow plan_;
  workflow_listener listener_;
  std::vector<task_state> states_; // of the plan's tasks
  std::deque<std::size_t> ready_;  // tasks whose inputs are there
  std::size_t under_way_ = 0;      // tasks that are asked for
  std::size_t storing_ = 0;        // results that are not stored yet
  bool gave_up_ = false;           // to try again
  progress now_;
};

struct executor_state {
  std::unique_ptr<execution> one;
};

executor_actor::behavior_type execute(executor_actor::stateful_pointer<executor_state> self,
                                      const catalog_handles& catalog, const workflow& plan,
                                      const workflow_listener& listener) {
  self->state.one = std::make_unique<execution>(self, catalog, plan, listener);
  auto& one = *self->state.one;
  return {
      [&one](tick_atom, std::size_t at) { one.memoize(at); },
      [&one](put_atom, std::size_t at, const catalog_put& what) { one.store(at, what); },
  };
}

} // namespace

void spawn_executor(caf::actor_system& system, const catalog_handles& catalog, workflow plan,
                    workflow_listener listener) {
  system.spawn(execute, catalog, std::move(plan), std::move(listener));
}

} // namespace deja::app::demo
