#pragma once

#include <deja/messages/actors.hpp>
#include <deja/messages/caf_error.hpp>

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja::testing {

/// What a fake service knows and was asked. Outlives its actor.
struct fake_service {
  std::optional<error> down;                           ///< Set: each call fails with it.
  std::optional<found_output> entry;                   ///< What a look-up finds.
  std::map<std::string, result<found_output>> entries; ///< What it finds instead, by key.
  std::size_t requests = 0;                            ///< To reserve, whatever their size.
  put_status put = put_status::stored;                 ///< What becomes of a put.
  std::optional<std::string> owner;                    ///< Who has the reservation.
  std::optional<waited> wait;                          ///< How a wait ends, at once.
  std::vector<std::string> calls;                      ///< Each call's verb and key, or owner.
  std::vector<call_context> contexts;
  std::vector<std::pair<shared<cacheservice::CachedOutput>, put_condition>> puts;
  std::function<void()> before_reserve = [] {
  };
};

/// The answer to a request for many items.
template <class In, class Answer>
auto each_of(const many<In>& items, Answer answer) {
  std::vector<std::invoke_result_t<Answer, const In&>> outcomes;
  for (const auto& item : *items)
    outcomes.push_back(answer(item));
  return many<std::invoke_result_t<Answer, const In&>>{std::move(outcomes)};
}

/// A connection to it that answers at once.
inline connection_actor connect(caf::actor_system& system, fake_service& service) {
  return system.spawn([&service]() -> connection_actor::behavior_type {
    const auto note = [&service](const call_context& context, const std::string& what) {
      service.calls.push_back(what);
      service.contexts.push_back(context);
    };
    return {
        [&service, note](get_atom, const call_context& context, const many<entry_key>& keys) {
          return each_of(keys, [&](const entry_key& key) -> result<found_output> {
            note(context, "get " + key.key);
            if (service.down)
              return *service.down;
            if (const auto known = service.entries.find(key.key); known != service.entries.end())
              return known->second;
            if (!service.entry)
              return error{errc::not_found, "no entry"};
            return *service.entry;
          });
        },
        [&service, note](put_atom, const call_context& context, const many<entry_put>& puts) {
          return each_of(puts, [&](const entry_put& one) -> result<put_status> {
            note(context, "put " + one.key.key);
            if (service.down)
              return *service.down;
            service.puts.emplace_back(one.output, one.when);
            return service.put;
          });
        },
        [&service, note](remove_atom, const call_context& context,
                         const entry_key& key) -> caf::result<no_value> {
          note(context, "remove " + key.key);
          return no_value{};
        },
        [&service, note](reserve_atom, const call_context& context,
                         const many<reservation_request>& requests) {
          ++service.requests;
          return each_of(requests, [&](const reservation_request& one) -> result<reservation> {
            note(context, "reserve " + one.owner);
            service.before_reserve();
            if (service.down)
              return *service.down;
            if (!service.owner)
              service.owner = one.owner;
            reservation held;
            held.key = one.key;
            held.owner = *service.owner;
            held.heartbeat = one.heartbeat;
            return held;
          });
        },
        [&service, note](release_atom, const call_context& context, const entry_key&,
                         const std::string& owner) -> caf::result<no_value> {
          note(context, "release " + owner);
          if (service.down)
            return to_caf(*service.down);
          if (service.owner == owner)
            service.owner.reset();
          return no_value{};
        },
        [&service, note](wait_atom, const call_context& context,
                         const wait_request& what) -> caf::result<waited> {
          note(context, "wait " + what.key.key);
          if (service.wait)
            return *service.wait;
          return to_caf({errc::unimplemented, "nobody can wait"});
        },
    };
  });
}

} // namespace deja::testing
