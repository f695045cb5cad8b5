#include <deja/actors/flight_steps.hpp>

#include <deja/messages/cached_output.hpp>
#include <deja/transport/retry_schedule.hpp>

#include <algorithm>

namespace deja {

namespace {

namespace step = memoization_step;

/// Where an entry's metadata says how long its computation took, in nanoseconds.
constexpr auto computation_entry = "deja.computation_ns";

/// For how long a cache that was out of reach is not asked.
constexpr duration away_time = std::chrono::seconds{1};

/// A worker may be at a wait when all is to end.
constexpr duration longest_told_wait = std::chrono::seconds{5};

duration computation_of(const catalog_entry& entry) {
  const auto& values = entry.stored.key_map().values();
  const auto found = values.find(computation_entry);
  if (found == values.end())
    return {};
  try {
    return duration{std::stoll(found->second)};
  } catch (const std::exception&) {
    return {}; // written by something else: not known
  }
}

} // namespace

flight_steps::flight_steps(memoizer_self::pointer self, flights& all, asked whom,
                           memoizer_config config, listener told)
    : self_(self), flights_(all), whom_(std::move(whom)), config_(std::move(config)),
      listener_(std::move(told)), slots_(config_.computations) {}

void flight_steps::go_on(flight& one) {
  std::visit([&](const auto& next) { carry_out(one, next); }, step::any{one.course.next()});
}

template <class T, class Whom, class Then, class Fail, class... Ts>
void flight_steps::ask(const flight& one, const Whom& whom, Then then, Fail fail, Ts... what) {
  self_->request(whom, caf::infinite, std::move(what)...)
      .then(
          [=, this, id = one.id](const T& told) {
            if (auto* of = flights_.find(id))
              then(*of, told);
          },
          [=, this, id = one.id](const caf::error& why) {
            if (auto* of = flights_.find(id))
              fail(*of, from_caf(why));
          });
}

void flight_steps::carry_out(flight& one, const step::look_up&) {
  if (self_->clock().now() < away_until_) {
    fail(one, away_);
    return go_on(one);
  }
  ask<catalog_entry>(
      one, whom_.client, [this](flight& of, const catalog_entry& found) { looked_up(of, found); },
      [this](flight& of, const error& why) {
        if (why.code == errc::not_found) {
          of.course.missed();
        } else {
          note_if_away(why);
          fail(of, why);
        }
        go_on(of);
      },
      get_atom_v, call_context{}, one.task_key(),
      one.key.serve_stale ? duration::zero() : one.key.max_age);
}

void flight_steps::looked_up(flight& one, const catalog_entry& found) {
  one.outcome.outputs = found.outputs;
  one.outcome.computation = computation_of(found);
  if (one.key.serve_stale && !is_young(found, one.key.max_age)) {
    if (!one.stale) {
      one.computing = one.calls.front();
      one.stale = one.outcome;
      listener_.stale(one);
    }
    one.course.missed();
  } else {
    one.outcome.how = one.waited ? memoized_by::waited : memoized_by::hit;
    one.course.found();
  }
  go_on(one);
}

bool flight_steps::is_young(const catalog_entry& found, duration max_age) const {
  const auto updated = from_wire(found.stored.last_updated_at(), "last_updated_at");
  return updated && config_.clock->now() - *updated <= max_age;
}

void flight_steps::note_if_away(const error& why) {
  if (why.code != errc::unavailable && why.code != errc::deadline_exceeded)
    return;
  away_ = why;
  away_until_ = self_->clock().now() + away_time;
}

void flight_steps::fail(flight& one, const error& why) {
  one.outcome.why = why;
  one.course.failed(why);
}

void flight_steps::carry_out(flight& one, const step::reserve&) {
  if (!take_slot(one))
    return;
  const auto answered = [this, id = one.id, where = one.key.where,
                         owner = one.owner](const result<reservation>& held) {
    if (auto* of = flights_.find(id))
      reserved(*of, held);
    else if (!held || held->owner == owner) // for nobody any more
      let_go(where, owner);
  };
  self_
      ->request(whom_.client, caf::infinite, reserve_atom_v, call_context{}, one.task_key(),
                one.owner, config_.heartbeat)
      .then([answered](const reservation& held) { answered(held); },
            [answered](const caf::error& why) { answered(from_caf(why)); });
}

void flight_steps::reserved(flight& one, const result<reservation>& held) {
  if (!held) {
    fail(one, held.error());
    return go_on(one);
  }
  one.course.reserved(*held);
  if (std::holds_alternative<step::wait>(one.course.next()))
    give_slot(one);
  else if (held->owner == one.owner) {
    one.reserved = true;
    self_->send(whom_.heartbeat, hold_atom_v, held->key, *held, lease_holder_actor{self_});
  }
  go_on(one);
}

void flight_steps::lost(const entry_key& key, const reservation& theirs) {
  for (auto& [id, one] : flights_)
    if (one.reserved && one.key.where == key && one.owner != theirs.owner) {
      if (config_.metrics)
        config_.metrics->count("memoizer.reservations_lost", 1);
      one.reserved = false;
      one.lost = true;
      if (one.computing && one.computing->wanted.options.on_lost == on_lost::cancel)
        self_->send(one.computing->task, cancel_atom_v, one.id);
    }
}

void flight_steps::let_go(const entry_key& where, const std::string& owner) {
  self_->request(whom_.heartbeat, caf::infinite, let_go_atom_v, where, owner)
      .then([](no_value) {}, [](const caf::error&) {}); // else it runs out
}

void flight_steps::carry_out(flight& one, const step::wait& next) {
  one.waited = true;
  if (!whom_.connection)
    return sleep(one, next.time);
  const auto time =
      std::clamp<duration>(next.patience, std::chrono::milliseconds{1}, longest_told_wait);
  ask<waited>(
      one, whom_.connection,
      [this, began = self_->clock().now()](flight& of, const waited& told) {
        of.slept = self_->clock().now() - began;
        if (told.event == wait_event::entry)
          of.seen = told.generation;
        // Of many who are told at once that nobody computes it, not all need to ask at once.
        if (told.event == wait_event::entry || told.others == 0)
          wake(of);
        else
          sleep(of, spread_pause(told.others, std::uniform_real_distribution{}(random_)));
      },
      [this, pause = next.time](flight& of, const error&) { sleep(of, pause); }, wait_atom_v,
      call_context{0, time, {}}, wait_request{one.key.where, one.seen, false});
}

void flight_steps::sleep(flight& one, duration time) {
  self_->delayed_send(self_, time, tick_atom_v, one.id, ++one.pause);
}

void flight_steps::slept(std::uint64_t id, std::uint64_t pause) {
  if (auto* one = flights_.find(id); one && one->pause == pause)
    wake(*one);
}

void flight_steps::wake(flight& one) {
  one.course.waited(std::exchange(one.slept, std::nullopt));
  go_on(one);
}

void flight_steps::carry_out(flight& one, const step::compute&) {
  if (!take_slot(one))
    return;
  if (!one.stale)
    one.computing = one.calls.front();
  const auto& who = *one.computing;
  one.began = self_->clock().now();
  lease right{one.id, one.key.where, who.wanted.held};
  right.held.push_back(primary_key(one.key.where));
  watch(who.task);
  self_->request(who.task, caf::infinite, compute_atom_v, std::move(right))
      .then(
          [this, id = one.id](const literals& outputs) {
            if (auto* of = computing(id))
              computed(*of, outputs);
          },
          [this, id = one.id](const caf::error& why) {
            if (auto* of = computing(id))
              failed_to_compute(*of, from_caf(why));
          });
}

flight* flight_steps::computing(std::uint64_t id) {
  auto* one = flights_.find(id);
  return one && one->is_computing() ? one : nullptr;
}

void flight_steps::computed(flight& one, const literals& outputs) {
  if (!outputs)
    return failed_to_compute(one, {errc::invalid_argument, "the task gave no outputs"});
  unwatch(one.computing->task);
  one.outcome.outputs = outputs;
  one.outcome.computation = self_->clock().now() - one.began;
  one.course.computed();
  go_on(one);
}

void flight_steps::failed_to_compute(flight& one, const error& why) {
  unwatch(one.computing->task);
  // Told to stop because another computes it: that is what its call then waits for.
  if (!one.lost || one.computing->wanted.options.on_lost == on_lost::finish)
    one.failure = why;
  one.course.failed_to_compute();
  go_on(one);
}

void flight_steps::watch(const task_actor& task) {
  if (++watched_[task.address()] == 1)
    self_->monitor(task);
}

void flight_steps::unwatch(const task_actor& task) {
  const auto found = watched_.find(task.address());
  if (found == watched_.end() || --found->second > 0)
    return;
  watched_.erase(found);
  self_->demonitor(task.address());
}

void flight_steps::task_ended(const caf::actor_addr& who) {
  std::vector<std::uint64_t> ended;
  for (auto& [id, one] : flights_)
    if (one.computing && one.computing->task.address() == who)
      ended.push_back(id);
  for (const auto id : ended)
    if (auto* one = computing(id))
      failed_to_compute(*one, {errc::unavailable, "the task ended without a result"});
}

bool flight_steps::take_slot(flight& one) {
  if (!one.has_slot && !one.is_part)
    one.has_slot = slots_.take(one.id);
  return one.has_slot || one.is_part;
}

void flight_steps::give_slot(flight& one) {
  if (!std::exchange(one.has_slot, false))
    return;
  slots_.give_back();
  while (const auto next = slots_.next())
    if (auto* waiting = flights_.find(*next))
      return go_on(*waiting);
}

void flight_steps::become_part(flight& one) {
  if (!std::exchange(one.is_part, true) && slots_.withdraw(one.id))
    go_on(one);
}

void flight_steps::carry_out(flight& one, const step::put& next) {
  put(one, next.when);
}

void flight_steps::put(flight& one, const put_condition& when) {
  catalog_put what{one.computing->wanted.key, one.outcome.outputs, one.computing->wanted.source,
                   when};
  what.source.key_map.emplace(computation_entry, std::to_string(one.outcome.computation.count()));
  ask<put_status>(
      one, whom_.client,
      [this, when](flight& of, put_status done) {
        if (done == put_status::stored || when.overwrite)
          return was_put(of, done);
        replace_if_dead(of, when, done);
      },
      [this](flight& of, const error& why) { was_put(of, why); }, put_atom_v, call_context{}, what);
}

void flight_steps::replace_if_dead(flight& one, put_condition when, put_status done) {
  when.overwrite = true;
  ask<catalog_entry>(
      one, whom_.client, [=, this](flight& of, const catalog_entry&) { was_put(of, done); },
      [=, this](flight& of, const error& why) {
        if (why.code == errc::not_found)
          put(of, when);
        else
          was_put(of, done);
      },
      get_atom_v, call_context{}, one.task_key(), duration::zero());
}

void flight_steps::was_put(flight& one, const result<put_status>& done) {
  one.course.put(done);
  go_on(one);
}

void flight_steps::carry_out(flight& one, const step::release&) {
  one.reserved = false;
  const auto released = [this](flight& of) {
    of.course.released();
    go_on(of);
  };
  ask<no_value>(
      one, whom_.heartbeat, [released](flight& of, no_value) { released(of); },
      [released](flight& of, const error&) { released(of); }, // it runs out
      let_go_atom_v, one.key.where, one.owner);
}

void flight_steps::carry_out(flight& one, const step::finished& end) {
  give_slot(one);
  listener_.finished(one, end);
}

void flight_steps::cancel(const flight& one) {
  if (one.computing && one.is_computing())
    self_->send(one.computing->task, cancel_atom_v, one.id);
}

void flight_steps::abandon(flight& one) {
  if (one.computing && one.is_computing())
    unwatch(one.computing->task);
  cancel(one);
  if (one.reserved)
    let_go(one.key.where, one.owner);
  give_slot(one);
}

} // namespace deja
