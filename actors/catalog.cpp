#include <deja/actors/catalog.hpp>

#include <deja/actors/reply.hpp>
#include <deja/actors/scheduler_config.hpp>
#include <deja/actors/spawn_catalog.hpp>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <random>
#include <unordered_map>

namespace deja {

namespace {

/// The library's own system. It lives as long as a catalog in it.
struct own_system {
  scheduler_config config;
  caf::actor_system system{config};

  static std::shared_ptr<own_system> share() {
    static std::mutex mutex;
    static std::weak_ptr<own_system> known;
    const std::lock_guard lock{mutex};
    auto one = known.lock();
    if (!one)
      known = one = std::make_shared<own_system>();
    return one;
  }
};

/// The futures of one kind that are not ready yet, by the id of their request. Thread-safe.
template <class T>
class open_futures {
public:
  /// The future of a new request.
  future<T> add(std::uint64_t id, std::function<void()> cancel,
                std::shared_ptr<told_progress> progress = nullptr) {
    auto one = std::make_shared<promise<T>>(std::move(cancel));
    auto made = one->get_future();
    std::unique_lock lock{mutex_};
    if (ended_) {
      lock.unlock();
      one->set(*ended_);
    } else {
      open_.emplace(id, open{std::move(one), std::move(progress)});
    }
    return made;
  }

  void tell(std::uint64_t id, const work_progress& so_far) const {
    const std::lock_guard lock{mutex_};
    if (const auto found = open_.find(id); found != open_.end())
      found->second.progress->set(so_far);
  }

  void set(std::uint64_t id, result<T> outcome) {
    open one;
    {
      const std::lock_guard lock{mutex_};
      if (auto found = open_.extract(id))
        one = std::move(found.mapped());
    }
    if constexpr (requires { outcome->progress(); })
      if (outcome && one.progress)
        one.progress->set(outcome->progress());
    if (one.outcome)
      one.outcome->set(std::move(outcome));
  }

  /// All of them, and those still to come.
  void fail(const error& why) {
    std::unordered_map<std::uint64_t, open> all;
    {
      const std::lock_guard lock{mutex_};
      all.swap(open_);
      if (!ended_)
        ended_ = why;
    }
    for (const auto& [id, one] : all)
      one.outcome->set(why);
  }

private:
  struct open {
    std::shared_ptr<promise<T>> outcome;
    std::shared_ptr<told_progress> progress; // may be empty
  };

  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, open> open_;
  std::optional<error> ended_; // set once
};

/// What a catalog and its desk share.
struct open_work {
  open_futures<work_response<download_outcome>> downloads;
  open_futures<work_response<put_status>> uploads;
  open_futures<memoized> memoized_tasks;

  void fail(const error& why) {
    downloads.fail(why);
    uploads.fail(why);
    memoized_tasks.fail(why);
  }
};

/// Turns messages into futures.
using desk_actor = caf::typed_actor<
    // The request with this id is so far.
    caf::reacts_to<progress_atom, std::uint64_t, work_progress>,
    // The request with this id has ended.
    caf::reacts_to<done_atom, std::uint64_t, result<many<result<download_outcome>>>>,
    // The request with this id has ended.
    caf::reacts_to<done_atom, std::uint64_t, result<many<result<put_status>>>>,
    // Asks the memoizer.
    caf::reacts_to<memoize_atom, call_context, memoize_request, task_actor>,
    // Tells the memoizer that the call with this id is given up; by the way that the call took, so
    // that it can't come before it.
    caf::reacts_to<cancel_atom, std::uint64_t>>;

struct desk_state {
  desk_state() = default;
  desk_state(const desk_state&) = delete;
  desk_state& operator=(const desk_state&) = delete;

  ~desk_state() {
    if (open)
      open->fail({errc::unavailable, "the catalog has ended"});
  }

  std::shared_ptr<open_work> open;
};

template <class Outcome>
result<work_response<Outcome>> response_of(const result<many<result<Outcome>>>& outcomes) {
  if (!outcomes)
    return outcomes.error();
  return work_response<Outcome>{*outcomes};
}

desk_actor::behavior_type tend(desk_actor::stateful_pointer<desk_state> self,
                               const std::shared_ptr<open_work>& open, const catalog_actor& root,
                               const memoizer_actor& memoizer) {
  self->state.open = open;
  self->link_to(root);
  return {
      [open](progress_atom, std::uint64_t id, const work_progress& so_far) {
        open->downloads.tell(id, so_far);
        open->uploads.tell(id, so_far);
      },
      [open](done_atom, std::uint64_t id, const result<many<result<download_outcome>>>& outcomes) {
        open->downloads.set(id, response_of(outcomes));
      },
      [open](done_atom, std::uint64_t id, const result<many<result<put_status>>>& outcomes) {
        open->uploads.set(id, response_of(outcomes));
      },
      [=](memoize_atom verb, const call_context& context, const memoize_request& wanted,
          const task_actor& task) {
        self->request(memoizer, caf::infinite, verb, context, wanted, task)
            .then([open,
                   id = context.id](const memoized& done) { open->memoized_tasks.set(id, done); },
                  [open, id = context.id](const caf::error& why) {
                    open->memoized_tasks.set(id, from_caf(why));
                  });
      },
      [=](cancel_atom verb, std::uint64_t id) { self->send(memoizer, verb, id); },
  };
}

/// The computation that this thread is at, for calls from within it.
thread_local const computing* current_computation = nullptr;

result<shared<core::LiteralMap>> compute(const computation& what, const computing& told) {
  current_computation = &told; // the thread ends with it
  try {
    auto outputs = what(told);
    if (!outputs)
      return outputs.error();
    return shared<core::LiteralMap>{std::move(*outputs)};
  } catch (const std::exception& problem) {
    return error{errc::internal, "the computation threw: " + std::string{problem.what()}};
  } catch (...) {
    return error{errc::internal, "the computation threw something that is no std::exception"};
  }
}

/// A task that calls a function, on a thread of its own.
using function_task = task_actor::extend<
    // The function has returned.
    caf::reacts_to<done_atom, result<shared<core::LiteralMap>>>>;

struct function_state {
  std::optional<reply<shared<core::LiteralMap>>> answer;
  std::stop_source stop;
};

function_task::behavior_type run_function(function_task::stateful_pointer<function_state> self,
                                          const computation& what) {
  return {
      [=](compute_atom, const lease& right) {
        auto& state = self->state;
        state.answer.emplace(self->make_response_promise<shared<core::LiteralMap>>());
        self->system().spawn<caf::detached>(
            [whom = function_task{self}, what,
             told = computing{right, state.stop.get_token()}](caf::event_based_actor*) {
              caf::anon_send(whom, done_atom_v, compute(what, told));
            });
        return state.answer->asker();
      },
      [=](cancel_atom, std::uint64_t) { self->state.stop.request_stop(); },
      [=](done_atom, const result<shared<core::LiteralMap>>& outputs) {
        (*self->state.answer)(outputs);
      },
  };
}

} // namespace

class catalog::state {
public:
  state(std::shared_ptr<own_system> own, caf::actor_system& system, const catalog_config& config)
      : own_(std::move(own)), system_(system), all_(spawn_catalog(system, config).value()),
        desk_(system.spawn(tend, open_, all_.root, all_.memoizer)) {}

  state(const state&) = delete;
  state& operator=(const state&) = delete;

  ~state() {
    stop(duration::zero());
    open_->fail({errc::canceled, "the catalog was stopped"});
  }

  result<void> start(std::stop_token cancel) {
    auto done = ask(start_atom_v);
    if (done && cancel.stop_possible())
      on_cancel_.emplace(std::move(cancel), [root = all_.root] {
        caf::anon_send(root, stop_atom_v, duration::zero());
      });
    return done;
  }

  void stop(duration time) {
    // What is stopped already can't be asked: that is no failure.
    [[maybe_unused]] const auto done = ask(stop_atom_v, time);
  }

  template <class Outcome, class Queue, class Listener, class Verb, class Request>
  work_future<Outcome> submit(open_futures<work_response<Outcome>>& open, const Queue& queue,
                              Verb verb, std::vector<Request> requests) {
    const auto id = ++last_id_;
    const auto progress = std::make_shared<told_progress>();
    progress->set({requests.size()});
    const auto made = open.add(
        id, [=] { caf::anon_send(queue, cancel_atom_v, id); }, progress);
    call_context context;
    context.id = id;
    caf::anon_send(queue, verb, context, many<Request>{std::move(requests)}, Listener{desk_});
    return {made, progress};
  }

  download_future download(std::vector<download_request> requests) {
    return submit<download_outcome, download_supervisor_actor, download_listener_actor>(
        open_->downloads, all_.reader, download_atom_v, std::move(requests));
  }

  upload_future upload(std::vector<catalog_put> puts) {
    return submit<put_status, upload_supervisor_actor, upload_listener_actor>(
        open_->uploads, all_.writer, upload_atom_v, std::move(puts));
  }

  future<memoized> memoize(memoize_request wanted, computation what) {
    const auto id = ++last_id_;
    const auto made = open_->memoized_tasks.add(
        id, [desk = desk_, id] { caf::anon_send(desk, cancel_atom_v, id); });
    if (!what) {
      open_->memoized_tasks.set(id, error{errc::invalid_argument, "no computation is given"});
      return made;
    }
    if (current_computation)
      wanted.held = current_computation->lease.held;
    call_context context;
    context.id = id;
    const task_actor task = system_.spawn(run_function, std::move(what));
    caf::anon_send(desk_, memoize_atom_v, context, std::move(wanted), task);
    return made;
  }

private:
  template <class... Ts>
  result<void> ask(Ts... what) {
    caf::scoped_actor self{system_};
    result<void> done;
    self->request(all_.root, caf::infinite, what...)
        .receive([](no_value) {},
                 [&](const caf::error& why) { done = result<void>{from_caf(why)}; });
    return done;
  }

  std::shared_ptr<own_system> own_; // may be empty
  caf::actor_system& system_;
  catalog_handles all_;
  std::shared_ptr<open_work> open_ = std::make_shared<open_work>();
  desk_actor desk_;
  /// Ids are the caller's, so they start where no other's are likely to be.
  std::atomic<std::uint64_t> last_id_ = std::mt19937_64{std::random_device{}()}();
  std::optional<std::stop_callback<std::function<void()>>> on_cancel_;
};

catalog::catalog(const catalog_config& config) {
  auto own = own_system::share();
  auto& system = own->system;
  state_ = std::make_unique<state>(std::move(own), system, config);
}

catalog::catalog(caf::actor_system& system, const catalog_config& config)
    : state_(std::make_unique<state>(nullptr, system, config)) {}

catalog::~catalog() = default;

result<void> catalog::start(std::stop_token cancel) {
  return state_->start(std::move(cancel));
}

download_future catalog::download(std::vector<download_request> requests) {
  return state_->download(std::move(requests));
}

upload_future catalog::upload(std::vector<catalog_put> puts) {
  return state_->upload(std::move(puts));
}

future<memoized> catalog::memoize(shared<catalog_key> key, computation compute,
                                  memoize_options options, source_execution source) {
  return state_->memoize({std::move(key), options, std::move(source), {}}, std::move(compute));
}

void catalog::stop(duration time) {
  state_->stop(time);
}

} // namespace deja
