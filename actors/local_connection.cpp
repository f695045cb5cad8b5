#include <deja/actors/connection.hpp>

#include <deja/actors/reply.hpp>
#include <deja/messages/cached_output.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja {

namespace {

using outcomes = shared<std::vector<outcome>>;

/// For a call whose context has no time left.
constexpr duration default_time = std::chrono::seconds{10};

result<no_value> nothing_of(const outcome& done) {
  return as_answer(was_done(done));
}

struct state {
  connection_actor::pointer self = nullptr;
  cache_service_actor service;
  call_rules rules;

  template <class T, class Verb, class What, class Meaning>
  void ask(const reply<T>& answer, const call_context& context, Verb verb, What what,
           Meaning meaning) {
    const auto time = context.time_left > duration::zero() ? context.time_left : default_time;
    self->request(service, time, verb, shared<std::vector<What>>{{std::move(what)}})
        .then([answer, meaning](const outcomes& done) { answer(meaning(done->front())); },
              [answer](const caf::error& why) { answer(from_caf(why)); });
  }

  template <class T, class Meaning>
  auto apply(const call_context& context, const result<operation>& what, Meaning meaning) {
    const reply<T> answer{self->make_response_promise<T>()};
    if (what)
      ask(answer, context, apply_atom_v, *what, meaning);
    else
      answer(what.error());
    return answer.asker();
  }
};

connection_actor::behavior_type behave(connection_actor::stateful_pointer<state> self,
                                       const cache_service_actor& service,
                                       const call_limits& limits) {
  auto& one = self->state;
  one.self = self;
  one.service = service;
  one.rules = call_rules{limits};
  return {
      [&one](get_atom, const call_context& context, const entry_key& key) {
        const reply answer{one.self->make_response_promise<found_output>()};
        if (const auto valid = one.rules.check(key))
          one.ask(answer, context, look_up_atom_v, key,
                  [key](const outcome& found) { return got(key, found); });
        else
          answer(valid.error());
        return answer.asker();
      },
      [&one](put_atom, const call_context& context, const entry_key& key,
             const shared<cacheservice::CachedOutput>& output, const put_condition& when) {
        return one.apply<put_status>(context, one.rules.put(key, *output, when),
                                     [content = content_digest(*output)](const outcome& done) {
                                       return was_put(content, done);
                                     });
      },
      [&one](remove_atom, const call_context& context, const entry_key& key) {
        return one.apply<no_value>(context, one.rules.remove(key), nothing_of);
      },
      [&one](reserve_atom, const call_context& context, const entry_key& key,
             const std::string& owner, duration heartbeat) {
        return one.apply<reservation>(context, one.rules.reserve(key, owner, heartbeat),
                                      was_reserved);
      },
      [&one](release_atom, const call_context& context, const entry_key& key,
             const std::string& owner) {
        return one.apply<no_value>(context, one.rules.release(key, owner), nothing_of);
      },
  };
}

} // namespace

connection_actor spawn_local_connection(caf::actor_system& system, cache_service_actor service,
                                        call_limits limits) {
  limits.validate().value();
  return system.spawn(behave, std::move(service), limits);
}

} // namespace deja
