#include <deja/actors/work_supervisor.hpp>

#include <deja/actors/reply.hpp>
#include <deja/actors/timed_requests.hpp>
#include <deja/actors/work_identity.hpp>
#include <deja/actors/work_index.hpp>
#include <deja/messages/longest_wait.hpp>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <random>

namespace deja {

namespace {

using literals = shared<core::LiteralMap>;

/// What tells downloads from uploads.
struct download_work {
  static constexpr std::string_view name = "reader.";
  using verb = download_atom;
  using request = download_request;
  using outcome = download_outcome;
  using worker = download_actor;
  using supervisor = download_supervisor_actor;
  using listener = download_listener_actor;

  static bool is_cached(const outcome& done) { return done.cached; }

  /// Whether, and for how long, a later request may get the outcome.
  static std::optional<finished_work<outcome>::record> to_keep(request what,
                                                               const result<outcome>& done) {
    if (!done || !done->cached)
      return {{done, {}}};
    if (what.target)
      return {{done, std::move(what.target)}};
    return {}; // in memory, where nothing says whether it still holds
  }
};

struct upload_work {
  static constexpr std::string_view name = "writer.";
  using verb = upload_atom;
  using request = catalog_put;
  using outcome = put_status;
  using worker = upload_actor;
  using supervisor = upload_supervisor_actor;
  using listener = upload_listener_actor;

  static bool is_cached(outcome done) { return done != put_status::already_other; }

  static std::optional<finished_work<outcome>::record> to_keep(const request&,
                                                               const result<outcome>& done) {
    if (!done)
      return {{done, {}}};
    return {}; // nothing here says whether the entry is still there, and as young
  }
};

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
  using supervisor = typename Work::supervisor::template extend<
      // Goes on with what is due, if this is the latest alarm.
      caf::reacts_to<tick_atom, std::uint64_t>,
      // Fails the requests that are overdue.
      caf::reacts_to<tick_atom>>;

  supervision(typename supervisor::pointer self, worker_factory<worker> workers,
              storage_actor storage, work_config config)
      : self_(self), requests_(self), factory_(std::move(workers)), storage_(std::move(storage)),
        config_(config), index_(config, [this] {
          return std::uniform_real_distribution<>{0, 1}(random_);
        }) {}

  supervision(const supervision&) = delete;
  supervision& operator=(const supervision&) = delete;

  ~supervision() {
    for (const auto& one : staff_)
      caf::anon_send_exit(one.who, caf::exit_reason::user_shutdown);
  }

  result<no_value> start() {
    if (started_)
      return error{errc::failed_precondition, "the work queue has been started already"};
    started_ = true;
    return no_value{};
  }

  /// Whom a request is answered to, and told how far it is.
  struct asker {
    std::function<void(result<outcomes>)> answer;
    std::function<void(const work_progress&)> progress = [](const work_progress&) {
    };
  };

  void submit(const call_context& context, const many<request>& requests, asker whom) {
    const auto& answer = whom.answer;
    if (!started_)
      return answer(error{errc::failed_precondition,
                          "NOT_STARTED: the work queue must be started before it is asked"});
    if (stopped_)
      return answer(error{errc::unavailable, "the work queue is being stopped"});
    if (!requests || requests->empty())
      return answer(outcomes{std::vector<result<outcome>>{}});
    if (requests->size() > config_.max_in_flight - std::min(in_flight_, config_.max_in_flight))
      return answer(error{errc::resource_exhausted,
                          std::to_string(requests->size()) + " items are too many beside the " +
                              std::to_string(in_flight_) + " under way; max_in_flight is " +
                              std::to_string(config_.max_in_flight)});
    in_flight_ += requests->size();
    const auto id = ++last_call_;
    calls_.emplace(id, call{context.id, std::move(whom), requests});
    read_inputs(id);
  }

  void cancel(std::uint64_t name) {
    if (name == 0)
      return;
    std::vector<std::uint64_t> named;
    for (const auto& [id, one] : calls_)
      if (one.name == name)
        named.push_back(id);
    for (const auto id : named)
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
  using item = typename index::item;
  using waiter = typename index::waiter;
  using time_point = typename index::time_point;

  /// A request under way.
  struct call {
    std::uint64_t name; // as the asker calls it
    asker whom;
    many<request> items;
    std::map<std::size_t, shared<catalog_key>> read{}; // keys whose inputs have been read, by place
    work_progress so_far{items->size()};
    std::size_t next = 0; // the first item that is not in the index yet
    std::vector<result<outcome>> done{items->size(), error{}};
    std::uint64_t told = 0; // how many were done when the asker was last told
  };

  /// A worker, and how many chunks it has.
  struct post {
    worker who;
    std::size_t chunks = 0;
  };

  /// A chunk that a worker has.
  struct sent_chunk {
    worker who;
    std::vector<item*> items;
  };

  /// A worker has the next chunk at hand while it carries out one.
  static constexpr std::size_t chunks_at_hand = 2;

  time_point now() const { return self_->clock().now(); }

  /// Identity is in the content: what keys only refer to is read first.
  void read_inputs(std::uint64_t id) {
    const auto& items = *calls_.at(id).items;
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
      if (const auto found = calls_.find(id); found != calls_.end())
        for (std::size_t at = 0; at < places.size(); ++at)
          // What can't be read now the worker reads, and says what is wrong.
          if (const auto& inputs = (*read)[at]) {
            auto key = *(*found->second.items)[places[at]].key;
            key.inputs = *inputs;
            found->second.read.emplace(places[at], std::move(key));
          }
      enqueue(id);
    };
    requests_.template ask<many<result<literals>>>(
        now() + config_.timeout, storage_, take, [=, this](const error&) { enqueue(id); },
        read_atom_v, many<inputs_under>{std::move(unread)});
  }

  void enqueue(std::uint64_t id) {
    if (const auto found = calls_.find(id); found != calls_.end()) {
      turns_.push_back(id);
      to_index_ += found->second.items->size();
    }
    go_on();
  }

  /// Does all that can be done now.
  void go_on() {
    index_.wake(now());
    while (auto* free = free_post()) {
      auto chunk = next_chunk();
      if (!chunk.empty())
        send(*free, std::move(chunk));
      else if (turns_.empty())
        break; // else nobody waited for what was ready, and there is more
    }
    check_targets();
    if (stopped_ && now() >= stop_at_)
      while (!calls_.empty())
        give_up(calls_.begin()->first, "the work queue was stopped");
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

  /// The post that should get the next chunk: one that is idle, else a new one, else one that has
  /// nothing at hand; null where all have enough.
  post* free_post() {
    if (index_.ready() == 0 && turns_.empty())
      return nullptr;
    const auto least =
        std::min_element(staff_.begin(), staff_.end(), [](const post& left, const post& right) {
          return left.chunks < right.chunks;
        });
    if (least != staff_.end() && least->chunks == 0)
      return &*least;
    if (staff_.size() < config_.workers)
      return &staff_.emplace_back(post{factory_(self_->system())});
    return least->chunks < chunks_at_hand ? &*least : nullptr;
  }

  /// As many items as give all workers something to do.
  std::size_t chunk_size() const {
    const auto posts = chunks_at_hand * config_.workers;
    return std::clamp<std::size_t>((index_.ready() + to_index_ + posts - 1) / posts, 1,
                                   config_.chunk);
  }

  std::vector<item*> next_chunk() {
    const auto size = chunk_size();
    while (index_.ready() < size && !turns_.empty()) {
      const auto id = turns_.front();
      turns_.pop_front();
      index_some(id, size);
      if (const auto found = calls_.find(id);
          found != calls_.end() && found->second.next < found->second.items->size())
        turns_.push_back(id);
    }
    return index_.take(size);
  }

  /// Adds the call's next items to the index, at most so many.
  void index_some(std::uint64_t id, std::size_t most) {
    std::uint64_t hits = 0, misses = 0;
    for (; most > 0; --most) {
      const auto found = calls_.find(id);
      if (found == calls_.end()) // answered by what is known
        break;
      auto& one = found->second;
      if (one.next == one.items->size())
        break;
      const waiter whom{id, one.next};
      auto what = (*one.items)[one.next];
      if (const auto read = one.read.find(one.next); read != one.read.end())
        what.key = read->second;
      ++one.next;
      --to_index_;
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

  void send(post& to, std::vector<item*> chunk) {
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
    returned(sent.who);
    go_on(); // the worker goes on while we note what became of it
    std::vector<std::uint64_t> calls;
    for (std::size_t at = 0; at < sent.items.size(); ++at) {
      auto& one = *sent.items[at];
      if (!one.waiters.empty())
        calls.push_back(one.waiters.front().call);
      ended(one, at < done.size() ? done[at] : too_few());
    }
    calls.erase(std::unique(calls.begin(), calls.end()), calls.end());
    tell_progress(calls);
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

  void returned(const worker& who) {
    const auto found =
        std::find_if(staff_.begin(), staff_.end(), [&](const post& one) { return one.who == who; });
    if (found != staff_.end())
      --found->chunks;
  }

  /// It died, or hangs. Another comes when there is work.
  void dismiss(const worker& who) {
    caf::anon_send_exit(who, caf::exit_reason::kill);
    count("workers_replaced",
          std::erase_if(staff_, [&](const post& one) { return one.who == who; }));
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
    const auto found = calls_.find(whom.call);
    if (found == calls_.end())
      return;
    auto& one = found->second;
    one.done[whom.place] = done;
    --in_flight_;
    ++one.so_far.done;
    one.so_far.cached += done && Work::is_cached(*done);
    one.so_far.failed += !done;
    if (one.so_far.done < one.so_far.total)
      return;
    one.whom.answer(outcomes{std::move(one.done)});
    calls_.erase(found);
  }

  /// Tells those who waited for these items how far their requests are.
  void tell_progress(const std::vector<std::uint64_t>& calls) {
    for (const auto id : calls)
      if (const auto found = calls_.find(id); found != calls_.end()) {
        auto& one = found->second;
        if (std::exchange(one.told, one.so_far.done) < one.so_far.done)
          one.whom.progress(one.so_far);
      }
  }

  void give_up(std::uint64_t id, const std::string& why) {
    const auto found = calls_.find(id);
    const auto& one = found->second;
    one.whom.answer(error{errc::canceled, why});
    in_flight_ -= one.so_far.total - one.so_far.done;
    if (std::erase(turns_, id) > 0)
      to_index_ -= one.items->size() - one.next;
    calls_.erase(found);
    index_.leave(id);
  }

  typename supervisor::pointer self_;
  timed_requests<typename supervisor::pointer> requests_;
  worker_factory<worker> factory_;
  storage_actor storage_;
  work_config config_;
  std::mt19937_64 random_{std::random_device{}()};
  index index_;
  work_identities identities_;
  std::vector<post> staff_;
  std::map<std::uint64_t, call> calls_; // by an id of our own
  std::uint64_t last_call_ = 0;
  std::deque<std::uint64_t> turns_; // calls with items that are not in the index yet
  std::size_t to_index_ = 0;        // how many such items
  std::size_t in_flight_ = 0;       // items without an outcome
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
