#include <deja/actors/memoizer.hpp>

#include <deja/actors/memoization.hpp>
#include <deja/actors/reply.hpp>
#include <deja/actors/wait_graph.hpp>
#include <deja/messages/cached_output.hpp>
#include <deja/messages/key.hpp>
#include <deja/messages/longest_wait.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <deque>
#include <random>

namespace deja {

namespace {

namespace step = memoization_step;
using literals = shared<core::LiteralMap>;

/// What the memoizer takes beside its interface.
using self_actor = memoizer_actor::extend_with<lease_holder_actor>::extend<
    // The flight's pause is over, or a caller's patience, or the time to stop.
    caf::reacts_to<tick_atom, std::uint64_t, std::uint64_t>>;

/// Where an entry's metadata says how long its computation took, in nanoseconds.
constexpr auto computation_entry = "deja.computation_ns";

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

/// For how long a cache that was out of reach is not asked.
constexpr duration away_time = std::chrono::seconds{1};

/// A worker may be at a wait when all is to end.
constexpr duration longest_told_wait = std::chrono::seconds{5};

std::string random_owner() {
  std::random_device random;
  std::array<std::uint32_t, 4> bits{};
  std::generate(bits.begin(), bits.end(), std::ref(random));
  std::string text;
  for (const auto word : bits) {
    std::array<char, 9> hex{};
    std::snprintf(hex.data(), hex.size(), "%08x", word);
    text += hex.data();
  }
  return text;
}

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

/// One call of `memoize`.
struct call {
  std::uint64_t number; // ours
  std::uint64_t name;   // as the caller calls it; 0: none
  memoize_request wanted;
  task_actor task;
  reply<memoized> answer;
};

/// Calls with the same of all this are one flight.
struct flight_key {
  entry_key where;
  bool overwrite = false;
  duration max_age{};
  bool serve_stale = false;
  std::uint64_t alone = 0; // a number of its own for a call that joins no other

  auto operator<=>(const flight_key&) const = default;
};

/// Calls for one task, and how far it is.
struct flight {
  std::uint64_t id = 0;
  flight_key key;
  memoization course;
  std::deque<call> calls;          // the first one's task computes, or will
  std::optional<call> computing{}; // whose task does
  bool reserved = false;
  bool lost = false;                    // the reservation, while it was computed
  bool has_slot = false;                // counts among the computations
  bool waited = false;                  // for another process
  bool is_part = false;                 // a call comes from another computation, which waits
  std::optional<memoized> stale{};      // what the calls get; it is refreshed for nobody
  std::uint64_t pause = 0;              // the latest; others are over
  std::optional<duration> slept{};      // in it, where that was not its time
  std::optional<std::uint64_t> seen{};  // an entry that a wait told of, and was not handed out
  caf::actor_clock::time_point began{}; // to compute
  memoized outcome{};
  std::optional<error> failure{}; // of the computation
};

class memoizer {
public:
  memoizer(self_actor::pointer self, catalog_client_actor client, storage_actor storage,
           reservation_heartbeat_actor heartbeat, memoizer_config config,
           connection_actor connection)
      : self_(self), client_(std::move(client)), storage_(std::move(storage)),
        heartbeat_(std::move(heartbeat)), config_(std::move(config)),
        connection_(std::move(connection)) {}

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
    call one{++last_call_, context.id, wanted, task, answer};
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
      std::erase_if(one.calls, [&](const call& gone) {
        if (gone.name != name)
          return false;
        refuse(gone, why);
        return true;
      });
      if (one.calls.size() < before && one.calls.empty())
        left.push_back(id);
    }
    for (const auto id : left)
      if (const auto found = flights_.find(id); found != flights_.end())
        abandon(found->second);
  }

  void stop(duration time, const reply<no_value>& answer) {
    stopped_ = true;
    stopping_.push_back(answer);
    if (flights_.empty())
      return end();
    self_->delayed_send(self_, std::clamp(time, duration::zero(), longest_wait), tick_atom_v,
                        std::uint64_t{0}, std::uint64_t{0});
  }

  /// Flight 0 is the end of the time to stop.
  void tick(std::uint64_t id, std::uint64_t number) {
    if (id == 0) {
      if (number == 0)
        return end();
      return lose_patience(number);
    }
    const auto found = flights_.find(id);
    if (found == flights_.end() || found->second.pause != number)
      return;
    wake(found->second);
  }

  void lost(const entry_key& key, const reservation& theirs) {
    for (auto& [id, one] : flights_)
      if (one.reserved && one.key.where == key && owner_of(one) != theirs.owner) {
        count("memoizer.reservations_lost");
        one.reserved = false;
        one.lost = true;
        if (one.computing && one.computing->wanted.options.on_lost == on_lost::cancel)
          self_->send(one.computing->task, cancel_atom_v, one.id);
      }
  }

  void task_ended(const caf::actor_addr& who) {
    std::vector<std::uint64_t> ended;
    for (auto& [id, one] : flights_)
      if (one.computing && one.computing->task.address() == who)
        ended.push_back(id);
    for (const auto id : ended)
      if (auto* one = computing(id))
        failed_to_compute(*one, {errc::unavailable, "the task ended without a result"});
  }

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

  call_context context() const { return {}; }

  /// The key is in the content of the inputs, which are read once.
  void with_inputs(call one) {
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
  void board(call one) {
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
    if (const auto under_way = by_key_.find(joined); under_way != by_key_.end()) {
      if (options.wait_timeout)
        self_->delayed_send(self_, std::min(*options.wait_timeout, longest_wait), tick_atom_v,
                            std::uint64_t{0}, one.number);
      return join(flights_.at(under_way->second), std::move(one));
    }
    begin(std::move(joined), std::move(one), closes_cycle);
  }

  void join(flight& other, call one) {
    if (other.stale)
      return answer(one, *other.stale, memoized_by::stale);
    const bool is_part = !one.wanted.held.empty();
    other.calls.push_back(std::move(one));
    if (!is_part || std::exchange(other.is_part, true))
      return;
    // Who has the place that the flight waits for may be who waits for this call.
    if (std::erase(for_slot_, other.id) > 0)
      go_on(other);
  }

  void begin(flight_key key, call first, bool closes_cycle) {
    const auto& options = first.wanted.options;
    memoization_options course;
    course.owner = owner_ + '-' + std::to_string(++last_flight_);
    course.max_age = options.max_age;
    course.refresh = options.overwrite;
    course.read_only = closes_cycle;
    course.no_wait = options.no_wait;
    course.wait_timeout = options.wait_timeout;
    const auto id = last_flight_;
    by_key_.emplace(key, id);
    auto& one =
        flights_.emplace(id, flight{id, std::move(key), memoization{course}, {}}).first->second;
    one.is_part = !first.wanted.held.empty();
    one.calls.push_back(std::move(first));
    go_on(one);
  }

  /// Does the next step, whose end goes on from there.
  void go_on(flight& one) {
    std::visit([&](const auto& next) { carry_out(one, next); }, step::any{one.course.next()});
  }

  /// Sends a request of the flight's; the answers come while the flight still is.
  template <class T, class Whom, class Then, class Fail, class... Ts>
  void ask(const flight& one, const Whom& whom, Then then, Fail fail, Ts... what) {
    self_->request(whom, caf::infinite, std::move(what)...)
        .then(
            [=, this, id = one.id](const T& told) {
              if (const auto found = flights_.find(id); found != flights_.end())
                then(found->second, told);
            },
            [=, this, id = one.id](const caf::error& why) {
              if (const auto found = flights_.find(id); found != flights_.end())
                fail(found->second, from_caf(why));
            });
  }

  const shared<catalog_key>& key_of(const flight& one) const {
    return one.computing ? one.computing->wanted.key : one.calls.front().wanted.key;
  }

  void carry_out(flight& one, const step::look_up&) {
    if (self_->clock().now() < away_until_) {
      fail(one, away_);
      return go_on(one);
    }
    ask<catalog_entry>(
        one, client_, [this](flight& of, const catalog_entry& found) { looked_up(of, found); },
        [this](flight& of, const error& why) {
          if (why.code == errc::not_found) {
            of.course.missed();
          } else {
            note_if_away(why);
            fail(of, why);
          }
          go_on(of);
        },
        get_atom_v, context(), key_of(one),
        one.key.serve_stale ? duration::zero() : one.key.max_age);
  }

  void looked_up(flight& one, const catalog_entry& found) {
    one.outcome.outputs = found.outputs;
    one.outcome.computation = computation_of(found);
    if (one.key.serve_stale && !is_young(found, one.key.max_age)) {
      if (!one.stale) {
        one.computing = one.calls.front();
        one.stale = one.outcome;
        answer_all(one, memoized_by::stale);
      }
      one.course.missed();
    } else {
      one.outcome.how = one.waited ? memoized_by::waited : memoized_by::hit;
      one.course.found();
    }
    go_on(one);
  }

  bool is_young(const catalog_entry& found, duration max_age) const {
    const auto updated = from_wire(found.stored.last_updated_at(), "last_updated_at");
    return updated && config_.clock->now() - *updated <= max_age;
  }

  /// Each call that finds out for itself that the cache is out of reach would lose time with that.
  void note_if_away(const error& why) {
    if (why.code != errc::unavailable && why.code != errc::deadline_exceeded)
      return;
    away_ = why;
    away_until_ = self_->clock().now() + away_time;
  }

  /// The cache could not be asked: it is computed without.
  void fail(flight& one, const error& why) {
    one.outcome.why = why;
    one.course.failed(why);
  }

  void carry_out(flight& one, const step::reserve&) {
    if (!take_slot(one))
      return;
    const auto answered = [this, id = one.id, where = one.key.where,
                           owner = owner_of(one)](const result<reservation>& held) {
      if (const auto found = flights_.find(id); found != flights_.end())
        reserved(found->second, held);
      else if (!held || held->owner == owner) // for nobody any more
        let_go(where, owner);
    };
    self_
        ->request(client_, caf::infinite, reserve_atom_v, context(), key_of(one), owner_of(one),
                  config_.heartbeat)
        .then([answered](const reservation& held) { answered(held); },
              [answered](const caf::error& why) { answered(from_caf(why)); });
  }

  void reserved(flight& one, const result<reservation>& held) {
    if (!held) {
      fail(one, held.error());
      return go_on(one);
    }
    one.course.reserved(*held);
    if (std::holds_alternative<step::wait>(one.course.next()))
      give_slot(one);
    else if (held->owner == owner_of(one)) {
      one.reserved = true;
      self_->send(heartbeat_, hold_atom_v, held->key, *held, lease_holder_actor{self_});
    }
    go_on(one);
  }

  void let_go(const entry_key& where, const std::string& owner) {
    self_->request(heartbeat_, caf::infinite, let_go_atom_v, where, owner)
        .then([](no_value) {}, [](const caf::error&) {}); // else it runs out
  }

  std::string owner_of(const flight& one) const { return owner_ + '-' + std::to_string(one.id); }

  void carry_out(flight& one, const step::wait& next) {
    one.waited = true;
    if (!connection_)
      return sleep(one, next.time);
    const auto time =
        std::clamp<duration>(next.patience, std::chrono::milliseconds{1}, longest_told_wait);
    ask<waited>(
        one, connection_,
        [this, began = self_->clock().now()](flight& of, const waited& told) {
          of.slept = self_->clock().now() - began;
          if (told.event == wait_event::entry)
            of.seen = told.generation;
          // Of many who are told at once that nobody computes it, not all need to ask at once.
          if (told.event == wait_event::entry || told.others == 0)
            wake(of);
          else
            sleep(of, spread(told.others));
        },
        [this, pause = next.time](flight& of, const error&) { sleep(of, pause); }, wait_atom_v,
        call_context{0, time, {}}, wait_request{one.key.where, one.seen, false});
  }

  duration spread(std::uint64_t others) {
    const auto most = std::min<std::uint64_t>(others, 100);
    return std::chrono::milliseconds{
        std::uniform_int_distribution<std::uint64_t>{0, most}(random_)};
  }

  void wake(flight& one) {
    one.course.waited(std::exchange(one.slept, std::nullopt));
    go_on(one);
  }

  void sleep(flight& one, duration time) {
    self_->delayed_send(self_, time, tick_atom_v, one.id, ++one.pause);
  }

  void carry_out(flight& one, const step::compute&) {
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

  /// A task may compute several at a time.
  void watch(const task_actor& task) {
    if (++watched_[task.address()] == 1)
      self_->monitor(task);
  }

  void unwatch(const task_actor& task) {
    const auto found = watched_.find(task.address());
    if (found == watched_.end() || --found->second > 0)
      return;
    watched_.erase(found);
    self_->demonitor(task.address());
  }

  /// The flight, if it is being computed.
  flight* computing(std::uint64_t id) {
    const auto found = flights_.find(id);
    const bool is = found != flights_.end() &&
                    std::holds_alternative<step::compute>(found->second.course.next());
    return is ? &found->second : nullptr;
  }

  void computed(flight& one, const literals& outputs) {
    unwatch(one.computing->task);
    if (!outputs)
      return failed_to_compute(one, {errc::invalid_argument, "the task gave no outputs"});
    one.outcome.outputs = outputs;
    one.outcome.computation = self_->clock().now() - one.began;
    one.course.computed();
    go_on(one);
  }

  void failed_to_compute(flight& one, const error& why) {
    unwatch(one.computing->task);
    // Told to stop because another computes it: that is what its call then waits for.
    if (!one.lost || one.computing->wanted.options.on_lost == on_lost::finish)
      one.failure = why;
    one.course.failed_to_compute();
    go_on(one);
  }

  void carry_out(flight& one, const step::put& next) { put(one, next.when); }

  void put(flight& one, const put_condition& when) {
    catalog_put what{one.computing->wanted.key, one.outcome.outputs, one.computing->wanted.source,
                     when};
    what.source.key_map.emplace(computation_entry, std::to_string(one.outcome.computation.count()));
    ask<put_status>(
        one, client_,
        [this, when](flight& of, put_status done) {
          if (done == put_status::stored || when.overwrite)
            return was_put(of, done);
          replace_if_dead(of, when, done);
        },
        [this](flight& of, const error& why) { was_put(of, why); }, put_atom_v, context(), what);
  }

  /// An entry whose outputs are gone is no hit for anyone, so it must not be in the way either.
  void replace_if_dead(flight& one, put_condition when, put_status done) {
    when.overwrite = true;
    ask<catalog_entry>(
        one, client_, [=, this](flight& of, const catalog_entry&) { was_put(of, done); },
        [=, this](flight& of, const error& why) {
          if (why.code == errc::not_found)
            put(of, when);
          else
            was_put(of, done);
        },
        get_atom_v, context(), key_of(one), duration::zero());
  }

  void was_put(flight& one, const result<put_status>& done) {
    one.course.put(done);
    go_on(one);
  }

  void carry_out(flight& one, const step::release&) {
    one.reserved = false;
    ask<no_value>(
        one, heartbeat_,
        [this](flight& of, no_value) {
          of.course.released();
          go_on(of);
        },
        [this](flight& of, const error&) { // it runs out
          of.course.released();
          go_on(of);
        },
        let_go_atom_v, one.key.where, owner_of(one));
  }

  void carry_out(flight& one, const step::finished& end) {
    give_slot(one);
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
      std::erase_if(left, [&](const call& each) {
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

  void answer(const call& one, memoized told, memoized_by how) {
    told.how = how;
    count(name_of(how));
    forget(one);
    one.answer(std::move(told));
  }

  void refuse(const call& one, const error& why) {
    forget(one);
    one.answer(why);
  }

  void forget(const call& one) {
    --calls_;
    waits_.end(one.number);
  }

  /// Nobody wants it any more.
  void abandon(flight& one) {
    if (std::holds_alternative<step::compute>(one.course.next()) && one.computing) {
      unwatch(one.computing->task);
      self_->send(one.computing->task, cancel_atom_v, one.id);
    }
    if (one.reserved)
      let_go(one.key.where, owner_of(one));
    give_slot(one);
    remove(one);
  }

  void remove(flight& one) {
    by_key_.erase(one.key);
    flights_.erase(std::uint64_t{one.id});
    if (stopped_ && flights_.empty())
      end();
  }

  /// A call that joined a flight, and will wait no longer, goes on by itself; but not one whose
  /// task computes already.
  void lose_patience(std::uint64_t number) {
    const auto is_it = [number](const call& each) {
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

  bool take_slot(flight& one) {
    if (one.has_slot || config_.computations == 0 || one.is_part)
      return true;
    if (slots_ == config_.computations) {
      for_slot_.push_back(one.id);
      return false;
    }
    ++slots_;
    one.has_slot = true;
    return true;
  }

  void give_slot(flight& one) {
    if (!std::exchange(one.has_slot, false))
      return;
    --slots_;
    while (!for_slot_.empty()) {
      const auto next = flights_.find(for_slot_.front());
      for_slot_.pop_front();
      if (next != flights_.end())
        return go_on(next->second);
    }
  }

  void end() {
    for (auto& [id, one] : flights_) {
      if (one.computing && std::holds_alternative<step::compute>(one.course.next()))
        self_->send(one.computing->task, cancel_atom_v, id);
      for (const auto& each : one.calls)
        each.answer(error{errc::canceled, "the memoizer was stopped"});
    }
    flights_.clear();
    for (const auto& answer : stopping_)
      answer(no_value{});
    stopping_.clear();
    self_->quit(); // the heartbeat sees it, and releases what is reserved
  }

  self_actor::pointer self_;
  catalog_client_actor client_;
  storage_actor storage_;
  reservation_heartbeat_actor heartbeat_;
  memoizer_config config_;
  connection_actor connection_; // may be none
  std::minstd_rand random_{std::random_device{}()};
  std::string owner_ = random_owner();
  error away_{};                              // why the cache was out of reach
  caf::actor_clock::time_point away_until_{}; // it is not asked again before
  key_maker keys_;
  std::map<std::uint64_t, flight> flights_; // by id
  std::map<flight_key, std::uint64_t> by_key_;
  wait_graph waits_;                      // of calls that computations have made
  std::map<std::uint64_t, call> reading_; // calls whose inputs are being read, by number
  std::uint64_t last_flight_ = 0;
  std::uint64_t last_call_ = 0;
  std::size_t calls_ = 0; // under way
  std::size_t slots_ = 0; // taken
  std::deque<std::uint64_t> for_slot_;
  std::map<caf::actor_addr, std::size_t> watched_; // tasks, and how many computations each has
  bool stopped_ = false;
  std::vector<reply<no_value>> stopping_;
};

struct memoizer_state {
  std::unique_ptr<memoizer> one;
};

self_actor::behavior_type behave(self_actor::stateful_pointer<memoizer_state> self,
                                 const catalog_client_actor& client, const storage_actor& storage,
                                 const reservation_heartbeat_actor& heartbeat,
                                 const memoizer_config& config,
                                 const connection_actor& connection) {
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

result<void> memoizer_config::validate() const {
  const auto wrong = [](const std::string& what) {
    return error{errc::invalid_argument, "memoizer: " + what};
  };
  if (heartbeat < std::chrono::milliseconds{1} || heartbeat > std::chrono::hours{1})
    return wrong("heartbeat is " + std::to_string(heartbeat.count()) +
                 " ns; 1 ms to 1 h are possible");
  if (max_age < duration::zero())
    return wrong("max_age is " + std::to_string(max_age.count()) + " ns; 0 and more are possible");
  if (max_calls == 0)
    return wrong("max_calls is 0; at least 1 is possible");
  if (!clock)
    return wrong("clock is not set");
  return {};
}

memoizer_actor spawn_memoizer(caf::actor_system& system, catalog_client_actor client,
                              storage_actor storage, reservation_heartbeat_actor heartbeat,
                              memoizer_config config, connection_actor connection) {
  config.validate().value();
  return system.spawn(behave, std::move(client), std::move(storage), std::move(heartbeat),
                      std::move(config), std::move(connection));
}

} // namespace deja
