#include <deja/actors/connection.hpp>

#include <deja/actors/reply.hpp>
#include <deja/messages/cached_output.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja {

namespace {

using outcomes = many<outcome>;

result<no_value> nothing_of(const outcome& done) {
  return as_answer(was_done(done));
}

struct state {
  connection_actor::pointer self = nullptr;
  cache_service_actor service;
  wait_service_actor waits;
  call_rules rules;

  /// Asks for what `make` makes of the items, and takes the outcomes for what `meaning` says.
  template <class Out, class Verb, class In, class Make, class Meaning>
  auto ask(Verb verb, const many<In>& items, Make make, Meaning meaning) {
    using made = typename std::invoke_result_t<Make, const In&>::value_type;
    const reply answer{self->make_response_promise<many<result<Out>>>()};
    std::vector<result<Out>> results;
    std::vector<std::size_t> places; // of what is asked for, among the items
    std::vector<made> asked;
    results.reserve(items->size());
    places.reserve(items->size());
    asked.reserve(items->size());
    for (const auto& item : *items) {
      auto one = make(item);
      results.push_back(one ? result<Out>{error{}} : result<Out>{one.error()});
      if (!one)
        continue;
      places.push_back(results.size() - 1);
      asked.push_back(std::move(*one));
    }
    if (asked.empty()) {
      answer(many<result<Out>>{std::move(results)});
      return answer.asker();
    }
    const many<made> request{std::move(asked)};
    self->request(service, caf::infinite, verb, request)
        .then(
            [=, results = std::move(results)](const outcomes& done) mutable {
              for (std::size_t at = 0; at < places.size(); ++at)
                results[places[at]] = meaning((*request)[at], (*done)[at]);
              answer(many<result<Out>>{std::move(results)});
            },
            [answer](const caf::error& why) { answer(from_caf(why)); });
    return answer.asker();
  }

  auto get(const many<entry_key>& keys) {
    return ask<found_output>(
        look_up_atom_v, keys,
        [this](const entry_key& key) -> result<entry_key> {
          if (const auto valid = rules.check(key); !valid)
            return valid.error();
          return key;
        },
        [](const entry_key& key, const outcome& found) { return got(key, found); });
  }

  auto put(const many<entry_put>& puts) {
    return ask<put_status>(
        apply_atom_v, puts,
        [this](const entry_put& one) { return rules.put(one.key, *one.output, one.when); },
        [](const operation& done, const outcome& told) {
          return was_put(std::get<put_operation>(done).content, told);
        });
  }

  auto reserve(const many<reservation_request>& requests) {
    return ask<reservation>(
        apply_atom_v, requests,
        [this](const reservation_request& one) {
          return rules.reserve(one.key, one.owner, one.heartbeat);
        },
        [](const operation&, const outcome& told) { return was_reserved(told); });
  }

  template <class T, class Meaning>
  auto apply(const result<operation>& what, Meaning meaning) {
    const reply<T> answer{self->make_response_promise<T>()};
    if (what)
      self->request(service, caf::infinite, apply_atom_v, many<operation>{{*what}})
          .then([answer, meaning](const outcomes& done) { answer(meaning(done->front())); },
                [answer](const caf::error& why) { answer(from_caf(why)); });
    else
      answer(what.error());
    return answer.asker();
  }

  auto wait(const call_context& context, const wait_request& wanted) {
    const reply<waited> answer{self->make_response_promise<waited>()};
    if (const auto valid = rules.check(wanted.key); !valid)
      answer(valid.error());
    else if (!waits)
      answer(error{errc::unimplemented, "nobody can wait at this connection"});
    else
      self->request(waits, caf::infinite, wait_atom_v, context, wanted)
          .then([answer](const waited& what) { answer(what); },
                [answer](const caf::error& why) { answer(from_caf(why)); });
    return answer.asker();
  }
};

connection_actor::behavior_type behave(connection_actor::stateful_pointer<state> self,
                                       const cache_service_actor& service,
                                       const call_limits& limits, const wait_service_actor& waits) {
  auto& one = self->state;
  one.self = self;
  one.service = service;
  one.waits = waits;
  one.rules = call_rules{limits};
  return {
      [&one](get_atom, const call_context&, const many<entry_key>& keys) { return one.get(keys); },
      [&one](put_atom, const call_context&, const many<entry_put>& puts) { return one.put(puts); },
      [&one](remove_atom, const call_context&, const entry_key& key) {
        return one.apply<no_value>(one.rules.remove(key), nothing_of);
      },
      [&one](reserve_atom, const call_context&, const many<reservation_request>& requests) {
        return one.reserve(requests);
      },
      [&one](release_atom, const call_context&, const entry_key& key, const std::string& owner) {
        return one.apply<no_value>(one.rules.release(key, owner), nothing_of);
      },
      [&one](wait_atom, const call_context& context, const wait_request& wanted) {
        return one.wait(context, wanted);
      },
  };
}

} // namespace

connection_actor spawn_local_connection(caf::actor_system& system, cache_service_actor service,
                                        call_limits limits, wait_service_actor waits) {
  limits.validate().value();
  return system.spawn(behave, std::move(service), limits, std::move(waits));
}

} // namespace deja
