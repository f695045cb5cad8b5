#include <deja/actors/catalog_client.hpp>

#include <deja/actors/catalog_metadata.hpp>
#include <deja/actors/reply.hpp>
#include <deja/messages/cached_output.hpp>
#include <deja/messages/key.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <unordered_map>

namespace deja {

namespace {

using literals = shared<core::LiteralMap>;

error miss(const std::string& why) {
  return {errc::not_found, why};
}

/// One operation under way: whom to answer, and until when.
struct call {
  call_context context;
  caf::actor_clock::time_point deadline;
  std::function<void(const error&)> fail;
};

class client {
public:
  client(catalog_client_actor::pointer self, connection_actor connection, storage_actor storage,
         catalog_client_config config)
      : self_(self), connection_(std::move(connection)), storage_(std::move(storage)),
        config_(std::move(config)) {}

  void get(const call_context& context, const shared<catalog_key>& key, duration max_age,
           const reply<catalog_entry>& answer) {
    const auto one = begin(context, answer);
    with_key(one, key, [=, this](const entry_key& where) {
      const auto then = [=, this](const found_output& found) {
        judge(one, found, max_age, answer);
      };
      ask<found_output>(one, then, get_atom_v, where);
    });
  }

  void put(const call_context& context, const shared<catalog_key>& key,
           const output_source& outputs, const source_execution& source, const put_condition& when,
           const reply<put_status>& answer) {
    const auto one = begin(context, answer);
    with_key(one, key, [=, this](const entry_key& where) {
      cacheservice::CachedOutput output;
      *output.mutable_metadata() = entry_metadata(*key, source, config_.clock->now());
      with_outputs(one, outputs, std::move(output), [=, this](cacheservice::CachedOutput whole) {
        ask<put_status>(one, answer, put_atom_v, where,
                        shared<cacheservice::CachedOutput>{std::move(whole)}, when);
      });
    });
  }

  void reserve(const call_context& context, const shared<catalog_key>& key,
               const std::string& owner, duration heartbeat, const reply<reservation>& answer) {
    const auto one = begin(context, answer);
    with_key(one, key, [=, this](const entry_key& where) {
      ask<reservation>(one, answer, reserve_atom_v, where, owner, heartbeat);
    });
  }

  void release(const call_context& context, const shared<catalog_key>& key,
               const std::string& owner, const reply<no_value>& answer) {
    const auto one = begin(context, answer);
    with_key(one, key, [=, this](const entry_key& where) {
      ask<no_value>(one, answer, release_atom_v, where, owner);
    });
  }

  reservation_record recall(const std::string& owner) const {
    const auto known = records_.find(owner);
    return known == records_.end() ? reservation_record{} : known->second;
  }

  void record(const std::string& owner, const reservation_record& what) {
    if (!records_.insert_or_assign(owner, what).second)
      return;
    recorded_.push_back(owner);
    if (recorded_.size() > config_.recorded_owners) {
      records_.erase(recorded_.front());
      recorded_.pop_front();
    }
  }

  void cancel(std::uint64_t id) {
    const auto [first, last] = cancellable_.equal_range(id);
    for (auto one = first; one != last; ++one)
      if (const auto under_way = one->second.lock())
        under_way->fail({errc::canceled, "the call was cancelled"});
    cancellable_.erase(first, last);
  }

private:
  using call_ptr = std::shared_ptr<const call>;

  template <class T>
  call_ptr begin(const call_context& context, const reply<T>& answer) {
    const auto time = context.time_left > duration::zero() ? context.time_left : config_.timeout;
    auto one = std::make_shared<const call>(call{context, self_->clock().now() + time, answer});
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

  duration time_left(const call_ptr& one) const {
    return std::max<duration>(one->deadline - self_->clock().now(), std::chrono::milliseconds{1});
  }

  /// Asks the service with the time that is left; the answer goes to `then`, a failure to the
  /// call's asker.
  template <class T, class Then, class Verb, class... Ts>
  void ask(const call_ptr& one, Then then, Verb verb, Ts... what) {
    auto context = one->context;
    context.time_left = time_left(one);
    self_->request(connection_, context.time_left, verb, context, std::move(what)...)
        .then([one, then](T& answer) { then(std::move(answer)); },
              [one](const caf::error& why) { one->fail(from_caf(why)); });
  }

  template <class Then>
  void with_key(const call_ptr& one, const shared<catalog_key>& key, Then then) {
    if (!key)
      return one->fail({errc::invalid_argument, "no key is given"});
    const auto* unread = std::get_if<inputs_under>(&key->inputs);
    if (unread == nullptr || !key->interface || !key->interface->has_inputs())
      return use_key(one, *key, then);
    self_->request(storage_, time_left(one), read_atom_v, *unread)
        .then(
            [=, this](const literals& inputs) {
              auto read = *key;
              read.inputs = inputs;
              use_key(one, read, then);
            },
            [one](const caf::error& why) {
              auto problem = within("reading the inputs", from_caf(why));
              if (problem.code == errc::not_found)
                problem.code = errc::failed_precondition; // not_found would say that it is a miss
              one->fail(problem);
            });
  }

  template <class Then>
  void use_key(const call_ptr& one, const catalog_key& key, const Then& then) {
    const auto text = make_key(key);
    if (!text)
      return one->fail(text.error());
    then(entry_key{{key.identifier->org(), key.identifier->project(), key.identifier->domain()},
                   *text});
  }

  /// Completes an entry with the outputs: by reference once they are known to be there, or inline.
  template <class Then>
  void with_outputs(const call_ptr& one, const output_source& outputs,
                    cacheservice::CachedOutput output, Then then) {
    if (const auto* held = std::get_if<literals>(&outputs)) {
      if (!*held)
        return one->fail({errc::invalid_argument, "no outputs are given"});
      *output.mutable_output_literals() = **held;
      return then(std::move(output));
    }
    self_->request(storage_, time_left(one), look_up_atom_v, std::get<outputs_under>(outputs))
        .then(
            [then, output = std::move(output)](std::string& uri) mutable {
              output.set_output_uri(std::move(uri));
              then(std::move(output));
            },
            [one](const caf::error& why) {
              one->fail(within("checking the outputs", from_caf(why)));
            });
  }

  void judge(const call_ptr& one, const found_output& found, duration max_age,
             const reply<catalog_entry>& answer) {
    const auto& output = *found.output;
    if (!output.has_metadata() || !output.metadata().has_source_identifier())
      return answer(miss("the entry has no metadata or no source identifier"));
    catalog_entry entry;
    entry.stored = output.metadata();
    entry.metadata = hit_metadata(entry.stored);
    entry.generation = found.generation;
    if (max_age > duration::zero()) {
      const auto young = is_younger(entry.stored, max_age);
      if (!young)
        return answer(young.error());
      if (!*young)
        return answer(miss("the entry is over the age limit"));
    }
    if (output.has_output_literals()) {
      entry.outputs = literals{output.output_literals()};
      return answer(std::move(entry));
    }
    entry.uri = output.output_uri();
    self_->request(storage_, time_left(one), read_atom_v, entry.uri)
        .then(
            [answer, entry](literals& outputs) mutable {
              entry.outputs = std::move(outputs);
              answer(std::move(entry));
            },
            [answer, uri = entry.uri](const caf::error& why) {
              auto problem = within("reading the outputs at \"" + uri + "\"", from_caf(why));
              if (problem.code == errc::data_loss)
                problem.code = errc::not_found; // such an entry is worth no more than none
              answer(problem);
            });
  }

  result<bool> is_younger(const cacheservice::Metadata& stored, duration max_age) const {
    if (!stored.has_last_updated_at())
      return error{errc::internal, "the entry has no last_updated_at, so its age is not known"};
    const auto updated = from_wire(stored.last_updated_at(), "last_updated_at");
    if (!updated)
      return error{errc::internal, updated.error().message};
    return config_.clock->now() - *updated <= max_age;
  }

  catalog_client_actor::pointer self_;
  connection_actor connection_;
  storage_actor storage_;
  catalog_client_config config_;
  std::unordered_multimap<std::uint64_t, std::weak_ptr<const call>> cancellable_; // by id
  std::size_t forget_at_ = 1024;
  std::unordered_map<std::string, reservation_record> records_; // by owner
  std::deque<std::string> recorded_;                            // oldest first
};

struct client_state {
  std::unique_ptr<client> one;
};

catalog_client_actor::behavior_type
behave(catalog_client_actor::stateful_pointer<client_state> self,
       const connection_actor& connection, const storage_actor& storage,
       const catalog_client_config& config) {
  self->state.one = std::make_unique<client>(self, connection, storage, config);
  auto& one = *self->state.one;
  const auto put = [self, &one](const call_context& context, const shared<catalog_key>& key,
                                const output_source& outputs, const source_execution& source,
                                const put_condition& when) {
    const reply answer{self->make_response_promise<put_status>()};
    one.put(context, key, outputs, source, when, answer);
    return answer.asker();
  };
  return {
      [self, &one](get_atom, const call_context& context, const shared<catalog_key>& key,
                   duration max_age) {
        const reply answer{self->make_response_promise<catalog_entry>()};
        one.get(context, key, max_age, answer);
        return answer.asker();
      },
      [put](put_atom, const call_context& context, const shared<catalog_key>& key,
            const output_source& outputs, const source_execution& source,
            const put_condition& when) { return put(context, key, outputs, source, when); },
      [put](update_atom, const call_context& context, const shared<catalog_key>& key,
            const output_source& outputs, const source_execution& source) {
        return put(context, key, outputs, source, put_condition{.overwrite = true});
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
      [&one](recall_atom, const std::string& owner) { return one.recall(owner); },
      [&one](record_atom, const std::string& owner, const reservation_record& what) {
        one.record(owner, what);
        return no_value{};
      },
      [&one](cancel_atom, std::uint64_t id) { one.cancel(id); },
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
