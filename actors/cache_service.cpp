#include <deja/actors/cache_service.hpp>

#include <deja/actors/index_answer.hpp>
#include <deja/actors/reply.hpp>

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <map>
#include <unordered_map>

namespace deja {

namespace {

using operations = many<operation>;
using outcomes = many<outcome>;
using keys = many<entry_key>;

// What the actor takes beside its interface: the index's answers, sent from the index's threads.
using service_actor = cache_service_actor::extend<
    // The group with this number is done.
    caf::reacts_to<apply_atom, std::uint64_t, outcomes>,
    // The look-up with this number is done.
    caf::reacts_to<look_up_atom, std::uint64_t, outcomes>,
    // The pause before the next group is over, if it is still this one.
    caf::reacts_to<tick_atom, std::uint64_t>>;

struct write_request {
  operations wanted;
  reply<outcomes> answer;
};

struct read_request {
  std::size_t keys;
  reply<outcomes> answer;
};

error too_many_waiting(std::size_t limit) {
  return {errc::resource_exhausted,
          "the cache service is busy: " + std::to_string(limit) + " operations wait already"};
}

/// At most so many groups are the index's at a time.
constexpr std::size_t most_groups = 2;

/// A group that takes this long is worth a pause after it, of that share of the time.
constexpr duration slow_group = std::chrono::milliseconds{1};
constexpr int pause_share = 8;

class service {
public:
  service(service_actor::pointer self, std::shared_ptr<index> index, cache_service_config config)
      : self_(self), index_(std::move(index)), config_(config) {}

  void write(const operations& wanted, const reply<outcomes>& answer) {
    if (!wanted || wanted->empty())
      return answer(outcomes{std::vector<outcome>{}});
    if (!admit(wanted->size()))
      return answer(too_many_waiting(config_.waiting_operations));
    waiting_.push_back({wanted, answer});
    waiting_operations_ += wanted->size();
    begin_groups();
  }

  void end_group(std::uint64_t number, const outcomes& done) {
    const auto ended = groups_.extract(number);
    const auto now = self_->clock().now();
    const auto took = now - ended.mapped().began;
    if (!groups_.empty())
      groups_.begin()->second.began = now; // It has waited until now.
    auto next = done->begin();
    for (const auto& [wanted, answer] : ended.mapped().requests) {
      const auto end = next + static_cast<std::ptrdiff_t>(wanted->size());
      answer(outcomes{std::vector<outcome>(next, end)});
      next = end;
    }
    held_ -= done->size();
    const auto lately = done->size() + waiting_operations_;
    if (groups_.empty() && lately > 1 && took >= slow_group)
      wait_for(lately, took / pause_share);
    else
      begin_groups();
  }

  void end_pause(std::uint64_t pause) {
    if (pause != pause_)
      return;
    expected_ = 0;
    begin_groups();
  }

  void read(const keys& wanted, const reply<outcomes>& answer) {
    if (!wanted || wanted->empty())
      return answer(outcomes{std::vector<outcome>{}});
    if (!admit(wanted->size()))
      return answer(too_many_waiting(config_.waiting_operations));
    const auto number = ++last_read_;
    reads_.emplace(number, read_request{wanted->size(), answer});
    ask_index(
        service_actor{self_},
        [&](index::outcomes done) { index_->lookup(wanted, std::move(done)); },
        [=, this](const outcomes& found) { end_read(number, found); }, look_up_atom_v, number);
  }

  void end_read(std::uint64_t number, const outcomes& found) {
    const auto read = reads_.extract(number);
    held_ -= read.mapped().keys;
    read.mapped().answer(found);
  }

private:
  struct group {
    std::size_t operations;
    caf::actor_clock::time_point began;
    std::vector<write_request> requests;
  };

  bool admit(std::size_t more) {
    if (more > config_.waiting_operations - held_)
      return false;
    held_ += more;
    return true;
  }

  // Those who were answered just now often come again at once. Where a group takes long, to begin
  // the next one without them would make them wait for it to end.
  void wait_for(std::size_t expected, duration time) {
    expected_ = expected;
    self_->delayed_send(self_, time, tick_atom_v, ++pause_);
  }

  // A group that lies ready when the one before it ends spares the index the wait for its answers
  // to go round; but groups should be large, so it has to be as large as that one.
  bool is_due() const {
    if (waiting_.empty())
      return false;
    if (groups_.empty())
      return waiting_operations_ >= expected_;
    return groups_.size() < most_groups &&
           waiting_operations_ >= groups_.rbegin()->second.operations;
  }

  void begin_groups() {
    while (is_due())
      begin_group();
  }

  void begin_group() {
    expected_ = 0;
    ++pause_;
    std::vector<operation> all;
    std::vector<write_request> requests;
    do {
      all.insert(all.end(), waiting_.front().wanted->begin(), waiting_.front().wanted->end());
      requests.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    } while (!waiting_.empty() &&
             all.size() + waiting_.front().wanted->size() <= config_.group_operations);
    waiting_operations_ -= all.size();
    const auto number = ++last_group_;
    groups_.emplace(number, group{all.size(), self_->clock().now(), std::move(requests)});
    ask_index(
        service_actor{self_},
        [&](index::outcomes done) { index_->apply(std::move(all), std::move(done)); },
        [=, this](const outcomes& done) { end_group(number, done); }, apply_atom_v, number);
  }

  service_actor::pointer self_;
  std::shared_ptr<index> index_;
  cache_service_config config_;
  std::deque<write_request> waiting_;
  std::size_t waiting_operations_ = 0;
  std::map<std::uint64_t, group> groups_; // under way, by number
  std::uint64_t last_group_ = 0;
  std::size_t expected_ = 0; // operations that the next group is to wait for
  std::uint64_t pause_ = 0;  // the latest
  std::unordered_map<std::uint64_t, read_request> reads_;
  std::uint64_t last_read_ = 0;
  std::size_t held_ = 0; // operations and keys not answered yet
};

struct service_state {
  std::unique_ptr<service> one;
};

service_actor::behavior_type behave(service_actor::stateful_pointer<service_state> self,
                                    const std::shared_ptr<index>& index,
                                    const cache_service_config& config) {
  auto& one = self->state.one;
  one = std::make_unique<service>(self, index, config);
  return {
      [self, &one](apply_atom, const operations& wanted) {
        const reply answer{self->make_response_promise<outcomes>()};
        one->write(wanted, answer);
        return answer.asker();
      },
      [self, &one](look_up_atom, const keys& wanted) {
        const reply answer{self->make_response_promise<outcomes>()};
        one->read(wanted, answer);
        return answer.asker();
      },
      [&one](tick_atom, std::uint64_t pause) { one->end_pause(pause); },
      [&one](apply_atom, std::uint64_t number, const outcomes& done) {
        one->end_group(number, done);
      },
      [&one](look_up_atom, std::uint64_t number, const outcomes& found) {
        one->end_read(number, found);
      },
  };
}

} // namespace

result<void> cache_service_config::validate() const {
  const auto check = [](const char* field, std::size_t value) -> result<void> {
    if (value == 0)
      return error{errc::invalid_argument,
                   std::string{"cache service: "} + field + " is 0; at least 1 is possible"};
    return {};
  };
  if (auto valid = check("group_operations", group_operations); !valid)
    return valid;
  return check("waiting_operations", waiting_operations);
}

cache_service_actor spawn_cache_service(caf::actor_system& system, std::shared_ptr<index> index,
                                        cache_service_config config) {
  config.validate().value();
  return system.spawn(behave, std::move(index), config);
}

} // namespace deja
