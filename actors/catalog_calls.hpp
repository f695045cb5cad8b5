#pragma once

#include <deja/actors/catalog_client_config.hpp>
#include <deja/actors/catalog_metadata.hpp>
#include <deja/actors/reply.hpp>
#include <deja/actors/timed_requests.hpp>
#include <deja/messages/actors.hpp>
#include <deja/messages/cached_output.hpp>
#include <deja/messages/key.hpp>

#include <functional>
#include <unordered_map>

namespace deja {

/// The client's operations as an actor carries them out: makes keys, asks the service by a
/// connection, reads and checks blobs by a storage. `Self` is a pointer to the actor, by whose
/// thread only it is to be used.
template <class Self>
class catalog_calls {
public:
  template <class T>
  using results = std::vector<result<T>>;

  template <class T>
  using results_ptr = std::shared_ptr<results<T>>;

  /// Whom a request for many items is answered to.
  template <class T>
  struct asker {
    std::function<void(results<T>)> then;
    std::function<void(const error&)> fail;
  };

  catalog_calls(Self self, connection_actor connection, storage_actor storage,
                catalog_client_config config)
      : self_(self), requests_(self), connection_(std::move(connection)),
        storage_(std::move(storage)), config_(std::move(config)) {}

  /// Whether a look-up is asked for the entries' metadata too, which cost as much as all the rest.
  enum class detail { outputs, all };

  void get(const call_context& context, std::vector<shared<catalog_key>> keys, duration max_age,
           detail wanted, const asker<catalog_entry>& whom) {
    const auto one = begin(context, whom.fail);
    with_keys(one, std::move(keys), [=, this](const results_ptr<entry_key>& made) {
      const auto entries = unanswered<catalog_entry>(made->size());
      const auto about = [&](std::size_t at) -> std::optional<entry_key> {
        auto& key = (*made)[at];
        if (key)
          return std::move(*key);
        (*entries)[at] = key.error();
        return {};
      };
      const auto take = [=, this](std::size_t at, const result<found_output>& found) {
        (*entries)[at] = found ? judge(*found, max_age, wanted) : found.error();
      };
      ask_each<found_output>(
          one, made->size(), about, take, [=, this] { with_outputs(one, entries, whom.then); },
          connection_, get_atom_v, context_of(one));
    });
  }

  void put(const call_context& context, const many<catalog_put>& puts,
           const asker<put_status>& whom) {
    const auto one = begin(context, whom.fail);
    std::vector<shared<catalog_key>> keys;
    keys.reserve(puts->size());
    for (const auto& put : *puts)
      keys.push_back(put.key);
    with_keys(one, std::move(keys), [=, this](const results_ptr<entry_key>& made) {
      with_entries(one, puts, made, [=, this](const results_ptr<entry_put>& ready) {
        const auto done = unanswered<put_status>(ready->size());
        const auto about = [&](std::size_t at) -> std::optional<entry_put> {
          auto& put = (*ready)[at];
          if (put)
            return std::move(*put);
          (*done)[at] = put.error();
          return {};
        };
        const auto take = [done](std::size_t at, const result<put_status>& status) {
          (*done)[at] = status;
        };
        ask_each<put_status>(
            one, ready->size(), about, take, [done, whom] { whom.then(std::move(*done)); },
            connection_, put_atom_v, context_of(one));
      });
    });
  }

  void reserve(const call_context& context, const shared<catalog_key>& key,
               const std::string& owner, duration heartbeat, const reply<reservation>& answer) {
    const auto one = begin(context, answer);
    with_key(one, key, [=, this](const entry_key& where) {
      const auto first = [answer](const many<result<reservation>>& held) {
        answer(held->front());
      };
      ask<many<result<reservation>>>(
          one, first, reserve_atom_v,
          many<reservation_request>{{reservation_request{where, owner, heartbeat}}});
    });
  }

  void release(const call_context& context, const shared<catalog_key>& key,
               const std::string& owner, const reply<no_value>& answer) {
    const auto one = begin(context, answer);
    with_key(one, key, [=, this](const entry_key& where) {
      ask<no_value>(one, answer, release_atom_v, where, owner);
    });
  }

  /// At a `tick_atom`.
  void tick() { requests_.tick(); }

  void cancel(std::uint64_t id) {
    const auto [first, last] = cancellable_.equal_range(id);
    for (auto one = first; one != last; ++one)
      if (const auto under_way = one->second.lock())
        under_way->fail({errc::canceled, "the call was cancelled"});
    cancellable_.erase(first, last);
  }

private:
  using literals = shared<core::LiteralMap>;

  /// One operation under way: whom to answer, and until when.
  struct call {
    call_context context;
    typename timed_requests<Self>::time_point deadline;
    std::function<void(const error&)> fail;
  };

  static error miss(const std::string& why) { return {errc::not_found, why}; }

  /// The inputs' place, where they still have to be read.
  static const inputs_under* unread_inputs(const shared<catalog_key>& key) {
    if (!key || !key->interface || !key->interface->has_inputs())
      return nullptr;
    return std::get_if<inputs_under>(&key->inputs);
  }

  result<entry_key> to_entry_key(const catalog_key& key) {
    auto text = keys_.make(key);
    if (!text)
      return text.error();
    const auto& task = *key.identifier;
    return entry_key{{task.org(), task.project(), task.domain()}, std::move(*text)};
  }

  using call_ptr = std::shared_ptr<const call>;

  call_ptr begin(const call_context& context, std::function<void(const error&)> fail) {
    const auto time = context.time_left > duration::zero() ? context.time_left : config_.timeout;
    auto one =
        std::make_shared<const call>(call{context, self_->clock().now() + time, std::move(fail)});
    if (context.id != 0) {
      forget_ended_calls();
      cancellable_.emplace(context.id, one);
    }
    return one;
  }

  /// Now and then, so that it costs little for each call.
  void forget_ended_calls() {
    if (cancellable_.size() < forget_at_)
      return;
    std::erase_if(cancellable_, [](const auto& entry) { return entry.second.expired(); });
    forget_at_ = std::max<std::size_t>(1024, 2 * cancellable_.size());
  }

  /// Of the call's next request, which has a moment in any case.
  auto deadline(const call_ptr& one) const {
    return std::max(one->deadline, self_->clock().now() + std::chrono::milliseconds{1});
  }

  call_context context_of(const call_ptr& one) const {
    auto context = one->context;
    context.time_left = deadline(one) - self_->clock().now();
    return context;
  }

  /// Asks the service; the answer goes to `then`, a failure to the call's asker.
  template <class T, class Then, class Verb, class... Ts>
  void ask(const call_ptr& one, Then then, Verb verb, Ts... what) {
    requests_.template ask<T>(
        deadline(one), connection_, std::move(then), [one](const error& why) { one->fail(why); },
        verb, context_of(one), std::move(what)...);
  }

  template <class T>
  static results_ptr<T> unanswered(std::size_t count) {
    return std::make_shared<results<T>>(count, error{errc::internal, "no answer came"});
  }

  /// Asks `whom` in one request about those of `count` items for which `about` gives a question,
  /// and gives each one's outcome to `take`; then goes on with `next`. What the request as a whole
  /// fails with is each one's outcome.
  template <class Out, class About, class Take, class Next, class Whom, class... Ts>
  void ask_each(const call_ptr& one, std::size_t count, const About& about, const Take& take,
                const Next& next, const Whom& whom, const Ts&... what) {
    using question = typename std::invoke_result_t<About, std::size_t>::value_type;
    std::vector<std::size_t> places;
    std::vector<question> questions;
    places.reserve(count);
    questions.reserve(count);
    for (std::size_t at = 0; at < count; ++at)
      if (auto asked = about(at)) {
        places.push_back(at);
        questions.push_back(std::move(*asked));
      }
    if (questions.empty())
      return next();
    const auto told = [=](const many<result<Out>>& outcomes) {
      for (std::size_t at = 0; at < std::min(places.size(), outcomes->size()); ++at)
        take(places[at], (*outcomes)[at]);
      next();
    };
    const auto failed = [=](const error& why) {
      for (const auto at : places)
        take(at, why);
      next();
    };
    requests_.template ask<many<result<Out>>>(deadline(one), whom, told, failed, what...,
                                              many<question>{std::move(questions)});
  }

  template <class Then>
  void with_key(const call_ptr& one, const shared<catalog_key>& key, Then then) {
    with_keys(one, {key}, [one, then](const results_ptr<entry_key>& made) {
      if (const auto& where = made->front())
        then(*where);
      else
        one->fail(where.error());
    });
  }

  /// Makes the keys, once those inputs have been read that still lie in the store.
  template <class Then>
  void with_keys(const call_ptr& one, std::vector<shared<catalog_key>> keys, Then then) {
    const auto made = unanswered<entry_key>(keys.size());
    const many<shared<catalog_key>> all{std::move(keys)};
    const auto about = [&](std::size_t at) -> std::optional<inputs_under> {
      const auto& key = (*all)[at];
      if (const auto* inputs = unread_inputs(key))
        return *inputs;
      (*made)[at] = key ? to_entry_key(*key) : error{errc::invalid_argument, "no key is given"};
      return {};
    };
    const auto take = [this, all, made](std::size_t at, const result<literals>& inputs) {
      if (inputs) {
        auto read = *(*all)[at];
        read.inputs = *inputs;
        (*made)[at] = to_entry_key(read);
        return;
      }
      auto problem = within("reading the inputs", inputs.error());
      if (problem.code == errc::not_found)
        problem.code = errc::failed_precondition; // not_found would say that it is a miss
      (*made)[at] = problem;
    };
    ask_each<literals>(
        one, all->size(), about, take, [then, made] { then(made); }, storage_, read_atom_v);
  }

  /// Makes the entries of the puts: outputs by reference once they are known to be there, or
  /// inline. Takes the keys.
  template <class Then>
  void with_entries(const call_ptr& one, const many<catalog_put>& puts,
                    const results_ptr<entry_key>& keys, Then then) {
    const auto ready = unanswered<entry_put>(keys->size());
    const auto put = [=, this](std::size_t at, cacheservice::CachedOutput output) {
      const auto& asked = (*puts)[at];
      *output.mutable_metadata() = entry_metadata(*asked.key, asked.source, config_.clock->now());
      (*ready)[at] = entry_put{std::move(*(*keys)[at]), std::move(output), asked.when};
    };
    const auto about = [&](std::size_t at) -> std::optional<outputs_under> {
      const auto& outputs = (*puts)[at].outputs;
      const auto* held = std::get_if<literals>(&outputs);
      if (const auto& key = (*keys)[at]; !key) {
        (*ready)[at] = key.error();
      } else if (held == nullptr) {
        return std::get<outputs_under>(outputs);
      } else if (!*held) {
        (*ready)[at] = error{errc::invalid_argument, "no outputs are given"};
      } else {
        cacheservice::CachedOutput output;
        *output.mutable_output_literals() = **held;
        put(at, std::move(output));
      }
      return {};
    };
    const auto take = [=](std::size_t at, const result<std::string>& uri) {
      if (!uri) {
        (*ready)[at] = within("checking the outputs", uri.error());
        return;
      }
      cacheservice::CachedOutput output;
      output.set_output_uri(*uri);
      put(at, std::move(output));
    };
    ask_each<std::string>(
        one, keys->size(), about, take, [then, ready] { then(ready); }, storage_, look_up_atom_v);
  }

  /// Reads the outputs of those entries that only say where they lie.
  void with_outputs(const call_ptr& one, const results_ptr<catalog_entry>& entries,
                    const std::function<void(results<catalog_entry>)>& then) {
    const auto about = [&](std::size_t at) -> std::optional<std::string> {
      const auto& entry = (*entries)[at];
      if (entry && !entry->outputs)
        return entry->uri;
      return {};
    };
    const auto take = [entries](std::size_t at, const result<literals>& outputs) {
      auto& entry = (*entries)[at];
      if (outputs) {
        entry->outputs = *outputs;
        return;
      }
      auto problem = within("reading the outputs at \"" + entry->uri + "\"", outputs.error());
      if (problem.code == errc::data_loss)
        problem.code = errc::not_found; // such an entry is worth no more than none
      entry = problem;
    };
    ask_each<literals>(
        one, entries->size(), about, take, [then, entries] { then(std::move(*entries)); }, storage_,
        read_atom_v);
  }

  /// The entry, whose outputs may still have to be read.
  result<catalog_entry> judge(const found_output& found, duration max_age, detail wanted) const {
    const auto& output = *found.output;
    if (!output.has_metadata() || !output.metadata().has_source_identifier())
      return miss("the entry has no metadata or no source identifier");
    catalog_entry entry;
    if (wanted == detail::all) {
      entry.stored = output.metadata();
      entry.metadata = hit_metadata(entry.stored);
    }
    entry.generation = found.generation;
    if (max_age > duration::zero()) {
      const auto young = is_younger(output.metadata(), max_age);
      if (!young)
        return young.error();
      if (!*young)
        return miss("the entry is over the age limit");
    }
    if (output.has_output_literals())
      entry.outputs = literals{std::shared_ptr<const core::LiteralMap>{
          found.output.pointer(), &output.output_literals()}}; // a part of it, not a copy
    else
      entry.uri = output.output_uri();
    return entry;
  }

  result<bool> is_younger(const cacheservice::Metadata& stored, duration max_age) const {
    if (!stored.has_last_updated_at())
      return error{errc::internal, "the entry has no last_updated_at, so its age is not known"};
    const auto updated = from_wire(stored.last_updated_at(), "last_updated_at");
    if (!updated)
      return error{errc::internal, updated.error().message};
    return config_.clock->now() - *updated <= max_age;
  }

  Self self_;
  timed_requests<Self> requests_;
  connection_actor connection_;
  storage_actor storage_;
  catalog_client_config config_;
  key_maker keys_;
  std::unordered_multimap<std::uint64_t, std::weak_ptr<const call>> cancellable_; // by id
  std::size_t forget_at_ = 1024;
};

/// Whom a request for many items, or for one, is answered to.
template <class T>
auto all_to(const reply<many<result<T>>>& answer) {
  return [answer](std::vector<result<T>> outcomes) {
    answer(many<result<T>>{std::move(outcomes)});
  };
}

template <class T>
auto one_to(const reply<T>& answer) {
  return [answer](std::vector<result<T>> outcomes) {
    answer(std::move(outcomes.front()));
  };
}

} // namespace deja
