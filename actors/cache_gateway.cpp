#include <deja/actors/cache_gateway.hpp>

#include <deja/messages/caf_error.hpp>

#include <caf/actor_companion.hpp>
#include <caf/actor_system.hpp>

#include <mutex>
#include <unordered_map>

namespace deja {

namespace {

using operations = many<operation>;
using outcomes = many<outcome>;

using callbacks = std::vector<cache_gateway::done>;

void fail_all(const callbacks& callers, const error& why) {
  for (const auto& call : callers)
    call({why, std::nullopt, std::nullopt});
}

// What the service answered, or why it did not.
void hand_out(const callbacks& callers, caf::type_erased_tuple& answer) {
  if (answer.match_elements<outcomes>()) {
    const auto& all = *answer.get_as<outcomes>(0);
    for (std::size_t at = 0; at < callers.size(); ++at)
      callers[at](all[at]);
  } else if (answer.match_elements<caf::error>()) {
    fail_all(callers, from_caf(answer.get_as<caf::error>(0)));
  } else {
    fail_all(callers, {errc::internal, "the cache service gave an answer of a wrong type"});
  }
}

} // namespace

// CAF's answers come to a companion, an actor whose messages are a function's; they are told apart
// by the numbers of the requests.
class cache_gateway::state : public std::enable_shared_from_this<state> {
public:
  state(caf::actor_system& system, cache_service_actor service)
      : service_(std::move(service)),
        companion_(system.spawn<caf::actor_companion, caf::hidden>()) {}

  void open() {
    companion().on_enqueue([weak = weak_from_this()](const caf::mailbox_element_ptr& message) {
      if (const auto self = weak.lock())
        hand_out(self->callers_of(message->mid), message->content());
    });
  }

  void close() {
    companion().on_enqueue({});
    companion().cleanup(caf::exit_reason::normal, nullptr);
    callbacks left;
    {
      const std::lock_guard lock{mutex_};
      left = std::exchange(gathered_callers_, {});
      for (auto& [number, callers] : sent_)
        std::move(callers.begin(), callers.end(), std::back_inserter(left));
      sent_.clear();
    }
    fail_all(left, {errc::unavailable, "the cache service is being shut down"});
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

private:
  caf::actor_companion& companion() const {
    return *caf::actor_cast<caf::actor_companion*>(companion_);
  }

  void flush() {
    std::unique_lock lock{mutex_};
    if (gathered_.empty())
      return;
    operations all{std::exchange(gathered_, {})};
    const auto request = companion().new_request_id(caf::message_priority::normal);
    sent_.emplace(request.response_id().integer_value(), std::exchange(gathered_callers_, {}));
    lock.unlock();
    // To an actor that is down, the answer comes from within this call.
    caf::actor_cast<caf::actor_control_block*>(service_)->enqueue(
        caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(companion_), request, {},
                                  apply_atom_v, std::move(all)),
        nullptr);
  }

  callbacks callers_of(caf::message_id answer) {
    const std::lock_guard lock{mutex_};
    const auto sent = sent_.extract(answer.integer_value());
    return sent ? std::move(sent.mapped()) : callbacks{};
  }

  cache_service_actor service_;
  caf::actor companion_;
  std::mutex mutex_;
  std::vector<operation> gathered_;
  callbacks gathered_callers_;
  std::unordered_map<std::uint64_t, callbacks> sent_;
};

cache_gateway::cache_gateway(caf::actor_system& system, cache_service_actor service)
    : state_(std::make_shared<state>(system, std::move(service))) {
  state_->open();
}

cache_gateway::~cache_gateway() {
  state_->close();
}

void cache_gateway::apply(operation what, done when_done, const post& later) {
  state_->apply(std::move(what), std::move(when_done), later);
}

} // namespace deja
