#include <deja/actors/storage.hpp>

#include <deja/actors/worker_pool.hpp>
#include <deja/transport/blob/task_data.hpp>
#include <deja/transport/blob/task_paths.hpp>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja {

namespace {

using literals = shared<core::LiteralMap>;

result<literals> literals_of(result<core::LiteralMap> read) {
  if (read)
    return literals{std::move(*read)};
  return read.error();
}

result<std::string> find_outputs(blob_store& blobs, const std::string& prefix,
                                 std::uint64_t limit) {
  const auto there = outputs_exist(blobs, prefix, limit);
  if (!there)
    return there.error();
  if (!*there) {
    if (const auto failed = has_failed(blobs, prefix); failed && *failed)
      return error{errc::failed_precondition,
                   "the task failed: there is an error document, and no outputs, at \"" + prefix +
                       "\""};
    return error{errc::not_found, "there are no outputs at \"" + outputs_path(prefix) + "\""};
  }
  return outputs_path(prefix);
}

storage_actor::behavior_type work(storage_actor::pointer, const std::shared_ptr<blob_store>& blobs,
                                  const storage_config& config) {
  return {
      [=](read_atom, const many<std::string>& references) {
        return outcomes_of(references, [&](const std::string& reference) {
          return literals_of(read_literals(*blobs, reference, config.download_limit));
        });
      },
      [=](write_atom, const many<literals_at>& blobs_to_write) {
        return outcomes_of(blobs_to_write, [&](const literals_at& one) {
          return as_answer(write_literals(*blobs, one.reference, *one.literals));
        });
      },
      [=](read_atom, const many<inputs_under>& inputs) {
        return outcomes_of(inputs, [&](const inputs_under& one) {
          return literals_of(read_inputs(*blobs, one.prefix, config.download_limit));
        });
      },
      [=](look_up_atom, const many<outputs_under>& outputs) {
        return outcomes_of(outputs, [&](const outputs_under& one) {
          return find_outputs(*blobs, one.prefix, config.payload_limit);
        });
      },
  };
}

using pool = worker_pool<storage_actor::base, storage_actor>;

struct pool_state {
  std::unique_ptr<pool> workers;
};

storage_actor::behavior_type dispatch(storage_actor::stateful_pointer<pool_state> self,
                                      const std::shared_ptr<blob_store>& blobs,
                                      const storage_config& config) {
  self->state.workers = std::make_unique<pool>(
      self, config.pool, [=] { return self->system().spawn<caf::detached>(work, blobs, config); });
  const auto spread = [=]<class Out, class In>(reply<many<result<Out>>> answer, auto verb,
                                               const many<In>& items) {
    self->state.workers->run_many(answer, duration::zero(), config.piece, items, verb);
    return answer.asker();
  };
  return {
      [=](read_atom verb, const many<std::string>& references) {
        return spread(reply{self->make_response_promise<many<result<literals>>>()}, verb,
                      references);
      },
      [=](write_atom verb, const many<literals_at>& blobs_to_write) {
        return spread(reply{self->make_response_promise<many<result<no_value>>>()}, verb,
                      blobs_to_write);
      },
      [=](read_atom verb, const many<inputs_under>& inputs) {
        return spread(reply{self->make_response_promise<many<result<literals>>>()}, verb, inputs);
      },
      [=](look_up_atom verb, const many<outputs_under>& outputs) {
        return spread(reply{self->make_response_promise<many<result<std::string>>>()}, verb,
                      outputs);
      },
  };
}

} // namespace

result<void> storage_config::validate() const {
  for (const auto& [field, value] :
       {std::pair{"download_limit", download_limit}, std::pair{"payload_limit", payload_limit}})
    if (value == 0)
      return error{errc::invalid_argument,
                   std::string{"storage: "} + field + " is 0 bytes; at least 1 is possible"};
  if (piece == 0)
    return error{errc::invalid_argument, "storage: piece is 0 blobs; at least 1 is possible"};
  return pool.validate();
}

storage_actor spawn_storage(caf::actor_system& system, std::shared_ptr<blob_store> blobs,
                            storage_config config) {
  config.validate().value();
  if (blobs->is_quick())
    return system.spawn(work, std::move(blobs), config);
  return system.spawn(dispatch, std::move(blobs), config);
}

} // namespace deja
