#include <deja/actors/catalog_client.hpp>

#include <deja/actors/catalog_calls.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>

namespace deja {

namespace {

/// The local records of reservations, by owner; the oldest goes for a new one.
class reservation_records {
public:
  explicit reservation_records(std::size_t most) : most_(most) {}

  reservation_record recall(const std::string& owner) const {
    const auto known = records_.find(owner);
    return known == records_.end() ? reservation_record{} : known->second;
  }

  void record(const std::string& owner, const reservation_record& what) {
    if (!records_.insert_or_assign(owner, what).second)
      return;
    recorded_.push_back(owner);
    if (recorded_.size() > most_) {
      records_.erase(recorded_.front());
      recorded_.pop_front();
    }
  }

private:
  std::size_t most_;
  std::unordered_map<std::string, reservation_record> records_;
  std::deque<std::string> recorded_; // oldest first
};

/// What the actor also hears from its alarm.
using own_actor = catalog_client_actor::extend<caf::reacts_to<tick_atom>>;

using calls = catalog_calls<own_actor::pointer>;

struct client_state {
  std::unique_ptr<calls> operations;
  std::unique_ptr<reservation_records> records;
};

own_actor::behavior_type behave(own_actor::stateful_pointer<client_state> self,
                                const connection_actor& connection, const storage_actor& storage,
                                const catalog_client_config& config) {
  auto& state = self->state;
  state.operations = std::make_unique<calls>(self, connection, storage, config);
  state.records = std::make_unique<reservation_records>(config.recorded_owners);
  auto& one = *state.operations;
  auto& records = *state.records;
  const auto put = [self, &one](const call_context& context, const catalog_put& what) {
    const reply answer{self->make_response_promise<put_status>()};
    one.put(context, many<catalog_put>{{what}}, {one_to(answer), answer});
    return answer.asker();
  };
  return {
      [self, &one](get_atom, const call_context& context, const shared<catalog_key>& key,
                   duration max_age) {
        const reply answer{self->make_response_promise<catalog_entry>()};
        one.get(context, {key}, max_age, calls::detail::all, {one_to(answer), answer});
        return answer.asker();
      },
      [self, &one](get_atom, const call_context& context, const many<shared<catalog_key>>& keys,
                   duration max_age) {
        const reply answer{self->make_response_promise<many<result<catalog_entry>>>()};
        one.get(context, *keys, max_age, calls::detail::all, {all_to(answer), answer});
        return answer.asker();
      },
      [put](put_atom, const call_context& context, const catalog_put& what) {
        return put(context, what);
      },
      [self, &one](put_atom, const call_context& context, const many<catalog_put>& puts) {
        const reply answer{self->make_response_promise<many<result<put_status>>>()};
        one.put(context, puts, {all_to(answer), answer});
        return answer.asker();
      },
      [put](update_atom, const call_context& context, catalog_put& what) {
        what.when.overwrite = true;
        return put(context, what);
      },
      [self, &one](reserve_atom, const call_context& context, const shared<catalog_key>& key,
                   const std::string& owner, duration heartbeat) {
        const reply answer{self->make_response_promise<reservation>()};
        one.reserve(context, key, owner, heartbeat, answer);
        return answer.asker();
      },
      [self, &one](release_atom, const call_context& context, const shared<catalog_key>& key,
                   const std::string& owner) {
        const reply answer{self->make_response_promise<no_value>()};
        one.release(context, key, owner, answer);
        return answer.asker();
      },
      [&records](recall_atom, const std::string& owner) { return records.recall(owner); },
      [&records](record_atom, const std::string& owner, const reservation_record& what) {
        records.record(owner, what);
        return no_value{};
      },
      [&one](cancel_atom, std::uint64_t id) { one.cancel(id); },
      [&one](tick_atom) { one.tick(); },
  };
}

} // namespace

result<void> catalog_client_config::validate() const {
  const auto wrong = [](const std::string& what) {
    return error{errc::invalid_argument, "catalog client: " + what};
  };
  if (timeout < std::chrono::milliseconds{1} || timeout > std::chrono::hours{24})
    return wrong("timeout is " + std::to_string(timeout.count()) +
                 " ns; 1 ms to 24 h are possible");
  if (recorded_owners == 0)
    return wrong("recorded_owners is 0; at least 1 is possible");
  if (!clock)
    return wrong("clock is not set");
  return {};
}

catalog_client_actor spawn_catalog_client(caf::actor_system& system, connection_actor connection,
                                          storage_actor storage, catalog_client_config config) {
  config.validate().value();
  return system.spawn(behave, std::move(connection), std::move(storage), std::move(config));
}

} // namespace deja
