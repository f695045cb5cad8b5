#include <deja/actors/work_supervisor.hpp>

#include <deja/actors/reply.hpp>
#include <deja/actors/timed_requests.hpp>
#include <deja/actors/work_calls.hpp>
#include <deja/actors/work_identity.hpp>
#include <deja/actors/work_index.hpp>
#include <deja/actors/work_kinds.hpp>
#include <deja/actors/work_posts.hpp>
#include <deja/messages/longest_wait.hpp>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <random>

namespace deja {

namespace {

using literals = shared<core::LiteralMap>;

const inputs_under* unread_inputs(const shared<catalog_key>& key) {
  return key ? std::get_if<inputs_under>(&key->inputs) : nullptr;
}

template <class Work>
class supervision {
public:
  using request = typename Work::request;
  using outcome = typename Work::outcome;
  using worker = typename Work::worker;
  using outcomes = many<result<outcome>>;
  using calls = work_calls<request, outcome>;
  using supervisor = typename Work::supervisor::template extend<
      // Goes on with what is due, if this is the latest alarm.
      caf::reacts_to<tick_atom, std::uint64_t>,
      // Fails the requests that are overdue.
      caf::reacts_to<tick_atom>>;

  supervision(typename supervisor::pointer self, worker_factory<worker> workers,
              storage_actor storage, work_config config)
      : self_(self), requests_(self), storage_(std::move(storage)), config_(config),
        index_(config,
               [this] {
                 return std::uniform_real_distribution<>{0, 1}(random_);
               }),
        posts_(config.workers,
               [this, make = std::move(workers)] { return make(self_->system()); }) {}

  supervision(const supervision&) = delete;
  supervision& operator=(const supervision&) = delete;

  ~supervision() {
    for (const auto& one : posts_)
      caf::anon_send_exit(one.who, caf::exit_reason::user_shutdown);
  }

  result<no_value> start() {
    if (started_)
      return error{errc::failed_precondition, "the work queue has been started already"};
    started_ = true;
    return no_value{};
  }

  void submit(const call_context& context, const many<request>& requests,
              typename calls::asker whom) {
    const auto& answer = whom.answer;
    if (!started_)
      return answer(error{errc::failed_precondition,
                          "NOT_STARTED: the work queue must be started before it is asked"});
    if (stopped_)
      return answer(error{errc::unavailable, "the work queue is being stopped"});
    if (!requests || requests->empty())
      return answer(outcomes{std::vector<result<outcome>>{}});
    const auto in_flight = calls_.in_flight();
    if (requests->size() > config_.max_in_flight - std::min(in_flight, config_.max_in_flight))
      return answer(error{errc::resource_exhausted,
                          std::to_string(requests->size()) + " items are too many beside the " +
                              std::to_string(in_flight) + " under way; max_in_flight is " +
                              std::to_string(config_.max_in_flight)});
    read_inputs(calls_.add(context.id, std::move(whom), requests), *requests);
  }

  void cancel(std::uint64_t name) {
    if (name == 0)
      return;
    for (const auto id : calls_.named(name))
      give_up(id, "the request was cancelled");
  }

  void stop(duration time, const reply<no_value>& answer) {
    stopped_ = true;
    stopping_.push_back(answer);
    stop_at_ = std::min(stop_at_, now() + std::clamp(time, duration::zero(), longest_wait));
    go_on();
  }

  void tick(std::uint64_t alarm) {
    if (alarm != alarm_)
      return;
    alarm_time_ = time_point::max();
    go_on();
  }

  void tick() { requests_.tick(); }

private:
  using index = work_index<request, outcome>;
  using posts = work_posts<worker>;
  using item = typename index::item;
  using waiter = typename index::waiter;
  using time_point = typename index::time_point;

  /// A chunk that a worker has.
  struct sent_chunk {
    worker who;
    std::vector<item*> items;
  };

  time_point now() const { return self_->clock().now(); }

  /// Identity is in the content: what keys only refer to is read first.
  void read_inputs(std::uint64_t id, const std::vector<request>& items) {
    std::vector<std::size_t> places;
    std::vector<inputs_under> unread;
    for (std::size_t at = 0; at < items.size(); ++at)
      if (const auto* inputs = unread_inputs(items[at].key)) {
        places.push_back(at);
        unread.push_back(*inputs);
      }
    if (unread.empty())
      return enqueue(id);
    const auto take = [=, this](const many<result<literals>>& read) {
      calls_.read(id, places, read);
      enqueue(id);
    };
    requests_.template ask<many<result<literals>>>(
        now() + config_.timeout, storage_, take, [=, this](const error&) { enqueue(id); },
        read_atom_v, many<inputs_under>{std::move(unread)});
  }

  void enqueue(std::uint64_t id) {
    calls_.line_up(id);
    go_on();
  }

  /// Does all that can be done now.
  void go_on() {
    index_.wake(now());
    while (index_.ready() > 0 || calls_.has_turn()) {
      auto* free = posts_.free();
      if (free == nullptr)
        break;
      if (auto chunk = next_chunk(); !chunk.empty())
        send(*free, std::move(chunk));
      else if (!calls_.has_turn())
        break; // else nobody waited for what was ready, and there is more
    }
    check_targets();
    if (stopped_ && now() >= stop_at_)
      while (!calls_.empty())
        give_up(calls_.first(), "the work queue was stopped");
    if (stopped_ && calls_.empty())
      return end();
    set_alarm();
  }

  void end() {
    for (const auto& answer : stopping_)
      answer(no_value{});
    self_->quit();
  }

  void set_alarm() {
    auto next = index_.next_retry().value_or(time_point::max());
    if (stopped_)
      next = std::min(next, stop_at_);
    if (next >= alarm_time_) // an alarm that comes too early does no harm
      return;
    alarm_time_ = next;
    self_->scheduled_send(self_, next, tick_atom_v, ++alarm_);
  }

  /// As many items as give all workers something to do.
  std::size_t chunk_size() const {
    const auto items = index_.ready() + calls_.waiting();
    const auto chunks = posts_.capacity();
    return std::clamp<std::size_t>((items + chunks - 1) / chunks, 1, config_.chunk);
  }

  std::vector<item*> next_chunk() {
    const auto size = chunk_size();
    while (index_.ready() < size && calls_.has_turn()) {
      const auto id = calls_.next_turn();
      index_some(id, size);
      calls_.line_up_again(id);
    }
    return index_.take(size);
  }

  /// Adds the call's next items to the index, at most so many.
  void index_some(std::uint64_t id, std::size_t most) {
    std::uint64_t hits = 0, misses = 0;
    for (; most > 0; --most) {
      auto next = calls_.next(id);
      if (!next)
        break;
      auto& [whom, what] = *next;
      const auto identity = identities_.of(what);
      const auto* known = index_.finished(identity);
      ++(known ? hits : misses);
      if (known == nullptr) {
        index_.add(identity, std::move(what), whom);
      } else if (known->place) {
        to_check_.push_back({identity, std::move(what), whom});
      } else {
        const auto done = known->outcome;
        index_.forget(identity);
        tell(whom, done);
      }
    }
    count("cache_hit", hits);
    count("cache_miss", misses);
  }

  /// Hands out the successes whose targets still hold the outputs; the others are done anew.
  void check_targets() {
    if (to_check_.empty())
      return;
    std::vector<outputs_under> places;
    for (const auto& one : to_check_)
      if (const auto* known = index_.finished(one.identity); known && known->place)
        places.push_back(*known->place);
      else
        places.emplace_back();
    const auto checked = std::make_shared<const std::vector<check>>(std::move(to_check_));
    to_check_.clear();
    const auto take = [=, this](const many<result<std::string>>& there) {
      for (std::size_t at = 0; at < checked->size(); ++at)
        repeat((*checked)[at], (*there)[at].has_value());
      go_on();
    };
    const auto take_none = [=, this](const error&) {
      for (const auto& one : *checked)
        repeat(one, false);
      go_on();
    };
    requests_.template ask<many<result<std::string>>>(now() + config_.timeout, storage_, take,
                                                      take_none, look_up_atom_v,
                                                      many<outputs_under>{std::move(places)});
  }

  struct check {
    digest identity;
    request what;
    waiter whom;
  };

  void repeat(const check& one, bool there) {
    const auto* known = index_.finished(one.identity);
    if (known && there)
      return tell(one.whom, result<outcome>{known->outcome});
    index_.forget(one.identity);
    index_.add(one.identity, one.what, one.whom);
  }

  void send(typename posts::post& to, std::vector<item*> chunk) {
    ++to.chunks;
    std::vector<request> items;
    items.reserve(chunk.size());
    for (const auto* one : chunk)
      items.push_back(one->what);
    call_context context;
    context.time_left = config_.timeout;
    // A little more, so that a worker that keeps to its time answers itself.
    const auto deadline = now() + config_.timeout + config_.timeout / 4;
    const auto sent = std::make_shared<const sent_chunk>(sent_chunk{to.who, std::move(chunk)});
    requests_.template ask<outcomes>(
        deadline, to.who, [=, this](const outcomes& done) { answered(*sent, *done); },
        [=, this](const error& why) { failed(*sent, why); }, typename Work::verb{}, context,
        many<request>{std::move(items)});
  }

  void answered(const sent_chunk& sent, const std::vector<result<outcome>>& done) {
    posts_.returned(sent.who);
    go_on(); // the worker goes on while we note what became of it
    std::vector<std::uint64_t> told;
    for (std::size_t at = 0; at < sent.items.size(); ++at) {
      auto& one = *sent.items[at];
      if (!one.waiters.empty())
        told.push_back(one.waiters.front().call);
      ended(one, at < done.size() ? done[at] : too_few());
    }
    told.erase(std::unique(told.begin(), told.end()), told.end());
    calls_.tell_progress(told);
    go_on();
  }

  /// The worker died, hangs, or could not do the chunk as a whole.
  void failed(const sent_chunk& sent, const error& why) {
    dismiss(sent.who);
    for (auto* one : sent.items)
      if (sent.items.size() > 1)
        index_.retry_alone(*one);
      else
        ended(*one, why);
    go_on();
  }

  void count(std::string_view what, std::uint64_t more = 1) const {
    if (config_.metrics && more > 0)
      config_.metrics->count(std::string{Work::name}.append(what), more);
  }

  static result<outcome> too_few() {
    return error{errc::internal, "the worker gave fewer outcomes than it got items"};
  }

  /// It died, or hangs. Another comes when there is work.
  void dismiss(const worker& who) {
    caf::anon_send_exit(who, caf::exit_reason::kill);
    count("workers_replaced", posts_.dismiss(who));
  }

  void ended(item& one, const result<outcome>& done) {
    if (!done)
      count("proc_errors");
    if (!done && can_pass(done.error().code) && index_.retry(one, now()))
      return count("retries");
    if (auto kept = Work::to_keep(std::move(one.what), done))
      index_.keep(one.identity, std::move(*kept));
    for (const auto& whom : index_.finish(one))
      tell(whom, done);
  }

  void tell(const waiter& whom, const result<outcome>& done) {
    calls_.tell(whom, done, done && Work::is_cached(*done));
  }

  void give_up(std::uint64_t id, const std::string& why) {
    calls_.give_up(id, error{errc::canceled, why});
    index_.leave(id);
  }

  typename supervisor::pointer self_;
  timed_requests<typename supervisor::pointer> requests_;
  storage_actor storage_;
  work_config config_;
  std::mt19937_64 random_{std::random_device{}()};
  index index_;
  work_identities identities_;
  posts posts_;
  calls calls_;
  std::vector<check> to_check_;
  bool started_ = false;
  bool stopped_ = false;
  std::vector<reply<no_value>> stopping_; // who waits for the end
  time_point stop_at_ = time_point::max();
  time_point alarm_time_ = time_point::max();
  std::uint64_t alarm_ = 0;
};

template <class Work>
struct supervisor_state {
  std::unique_ptr<supervision<Work>> work;
};

template <class Work>
typename supervision<Work>::supervisor::behavior_type supervise(
    typename supervision<Work>::supervisor::template stateful_pointer<supervisor_state<Work>> self,
    const worker_factory<typename Work::worker>& workers, const storage_actor& storage,
    const work_config& config) {
  self->state.work = std::make_unique<supervision<Work>>(self, workers, storage, config);
  auto& work = *self->state.work;
  return {
      [self, &work](typename Work::verb, const call_context& context,
                    const many<typename Work::request>& requests) {
        const reply answer{
            self->template make_response_promise<many<result<typename Work::outcome>>>()};
        work.submit(context, requests, {answer});
        return answer.asker();
      },
      [self, &work](typename Work::verb, const call_context& context,
                    const many<typename Work::request>& requests,
                    const typename Work::listener& listener) {
        const auto id = context.id;
        work.submit(context, requests,
                    {[=](const result<many<result<typename Work::outcome>>>& done) {
                       self->send(listener, done_atom_v, id, done);
                     },
                     [=](const work_progress& so_far) {
                       self->send(listener, progress_atom_v, id, so_far);
                     }});
      },
      [&work](start_atom) -> caf::result<no_value> {
        if (auto done = work.start(); !done)
          return to_caf(done.error());
        return no_value{};
      },
      [&work](cancel_atom, std::uint64_t name) { work.cancel(name); },
      [self, &work](stop_atom, duration time) {
        const reply answer{self->template make_response_promise<no_value>()};
        work.stop(time, answer);
        return answer.asker();
      },
      [&work](tick_atom, std::uint64_t alarm) { work.tick(alarm); },
      [&work](tick_atom) { work.tick(); },
  };
}

} // namespace

download_supervisor_actor spawn_download_supervisor(caf::actor_system& system,
                                                    worker_factory<download_actor> workers,
                                                    storage_actor storage, work_config config) {
  config.validate().value();
  return system.spawn(supervise<download_work>, std::move(workers), std::move(storage), config);
}

upload_supervisor_actor spawn_upload_supervisor(caf::actor_system& system,
                                                worker_factory<upload_actor> workers,
                                                storage_actor storage, work_config config) {
  config.validate().value();
  return system.spawn(supervise<upload_work>, std::move(workers), std::move(storage), config);
}

} // namespace deja
