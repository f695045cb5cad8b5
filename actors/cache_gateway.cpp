#include <deja/actors/cache_gateway.hpp>

#include <deja/messages/caf_error.hpp>

#include <caf/actor_companion.hpp>
#include <caf/actor_system.hpp>

#include <atomic>
#include <mutex>
#include <unordered_map>

namespace deja {

namespace {

using operations = many<operation>;
using outcomes = many<outcome>;
using keys = many<entry_key>;
using counts = many<std::uint64_t>;

/// Takes what an actor answered; nothing where the gateway is closed.
using taker = std::function<void(caf::type_erased_tuple*)>;

error shutting_down() {
  return {errc::unavailable, "the cache service is being shut down"};
}

/// What a request asked for, as the actor gave it.
template <class T>
result<T> answered(caf::type_erased_tuple* answer) {
  if (answer == nullptr)
    return shutting_down();
  if (answer->match_elements<T>())
    return answer->get_as<T>(0);
  if (answer->match_elements<caf::error>())
    return from_caf(answer->get_as<caf::error>(0));
  return error{errc::internal, "the cache service gave an answer of a wrong type"};
}

using callbacks = std::vector<cache_gateway::done>;

void hand_out(const callbacks& callers, const result<outcomes>& all) {
  for (std::size_t at = 0; at < callers.size(); ++at)
    callers[at](all ? (**all)[at] : outcome{.why = all.error()});
}

} // namespace

// CAF's answers come to a companion, an actor whose messages are a function's; they are told apart
// by the numbers of the requests.
class cache_gateway::state : public std::enable_shared_from_this<state> {
public:
  state(caf::actor_system& system, cache_service_actor service, wait_service_actor waits)
      : service_(std::move(service)), waits_(std::move(waits)),
        companion_(system.spawn<caf::actor_companion, caf::hidden>()) {}

  void open() {
    companion().on_enqueue([weak = weak_from_this()](const caf::mailbox_element_ptr& message) {
      if (const auto self = weak.lock())
        if (const auto take = self->taker_of(message->mid))
          take(&message->content());
    });
  }

  void close() {
    companion().on_enqueue({});
    companion().cleanup(caf::exit_reason::normal, nullptr);
    callbacks gathered;
    std::unordered_map<std::uint64_t, taker> sent;
    {
      const std::lock_guard lock{mutex_};
      closed_ = true;
      gathered_.clear();
      gathered = std::exchange(gathered_callers_, {});
      sent = std::exchange(sent_, {});
    }
    hand_out(gathered, shutting_down());
    for (const auto& [number, take] : sent)
      take(nullptr);
  }

  void apply(operation what, done when_done, const post& later) {
    std::unique_lock lock{mutex_};
    gathered_.push_back(std::move(what));
    gathered_callers_.push_back(std::move(when_done));
    const bool first = gathered_.size() == 1;
    lock.unlock();
    if (first)
      later([self = shared_from_this()] { self->flush(); });
  }

  std::function<void()> wait(wait_request wanted, duration time, waited_done when_done) {
    call_context context;
    context.id = ++last_wait_;
    context.time_left = time;
    ask(
        waits_, [done = std::move(when_done)](auto* answer) { done(answered<waited>(answer)); },
        wait_atom_v, context, std::move(wanted));
    return [weak = weak_from_this(), id = context.id] {
      if (const auto self = weak.lock())
        self->send(self->waits_, caf::make_message_id(), cancel_atom_v, id);
    };
  }

  void count_waiters(std::vector<entry_key> which, counted when_done) {
    ask(
        waits_,
        [done = std::move(when_done)](auto* answer) {
          const auto all = answered<counts>(answer);
          if (all)
            done(**all);
          else
            done(all.error());
        },
        count_atom_v, keys{std::move(which)});
  }

private:
  caf::actor_companion& companion() const {
    return *caf::actor_cast<caf::actor_companion*>(companion_);
  }

  void flush() {
    std::unique_lock lock{mutex_};
    if (gathered_.empty())
      return;
    operations all{std::exchange(gathered_, {})};
    auto callers = std::exchange(gathered_callers_, {});
    lock.unlock();
    ask(
        service_,
        [callers = std::move(callers)](auto* answer) {
          hand_out(callers, answered<outcomes>(answer));
        },
        apply_atom_v, std::move(all));
  }

  /// To an actor that is down, the answer comes from within this call.
  template <class Whom, class... Ts>
  void ask(const Whom& whom, taker take, Ts... what) {
    std::unique_lock lock{mutex_};
    if (closed_ || !whom) {
      lock.unlock();
      return take(nullptr);
    }
    const auto request = companion().new_request_id(caf::message_priority::normal);
    sent_.emplace(request.response_id().integer_value(), std::move(take));
    lock.unlock();
    send(whom, request, std::move(what)...);
  }

  template <class Whom, class... Ts>
  void send(const Whom& whom, caf::message_id id, Ts... what) {
    caf::actor_cast<caf::actor_control_block*>(whom)->enqueue(
        caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(companion_), id, {},
                                  std::move(what)...),
        nullptr);
  }

  taker taker_of(caf::message_id answer) {
    const std::lock_guard lock{mutex_};
    const auto sent = sent_.extract(answer.integer_value());
    return sent ? std::move(sent.mapped()) : taker{};
  }

  cache_service_actor service_;
  wait_service_actor waits_;
  caf::actor companion_;
  std::atomic<std::uint64_t> last_wait_ = 0;
  std::mutex mutex_; ///< For what follows.
  bool closed_ = false;
  std::vector<operation> gathered_;
  callbacks gathered_callers_;
  std::unordered_map<std::uint64_t, taker> sent_;
};

cache_gateway::cache_gateway(caf::actor_system& system, cache_service_actor service,
                             wait_service_actor waits)
    : state_(std::make_shared<state>(system, std::move(service), std::move(waits))) {
  state_->open();
}

cache_gateway::~cache_gateway() {
  state_->close();
}

void cache_gateway::apply(operation what, done when_done, const post& later) {
  state_->apply(std::move(what), std::move(when_done), later);
}

std::function<void()> cache_gateway::wait(wait_request wanted, duration time,
                                          waited_done when_done) {
  return state_->wait(std::move(wanted), time, std::move(when_done));
}

void cache_gateway::count_waiters(std::vector<entry_key> keys, counted when_done) {
  state_->count_waiters(std::move(keys), std::move(when_done));
}

} // namespace deja
