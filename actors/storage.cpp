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
  if (!*there)
    return error{errc::not_found, "there are no outputs at \"" + outputs_path(prefix) + "\""};
  return outputs_path(prefix);
}

storage_actor::behavior_type work(storage_actor::pointer, const std::shared_ptr<blob_store>& blobs,
                                  const storage_config& config) {
  return {
      [=](read_atom, const std::string& reference) {
        return answer_of(
            [&] { return literals_of(read_literals(*blobs, reference, config.download_limit)); });
      },
      [=](write_atom, const std::string& reference, const literals& what) {
        return answer_of([&] { return as_answer(write_literals(*blobs, reference, *what)); });
      },
      [=](read_atom, const inputs_under& inputs) {
        return answer_of(
            [&] { return literals_of(read_inputs(*blobs, inputs.prefix, config.download_limit)); });
      },
      [=](look_up_atom, const outputs_under& outputs) {
        return answer_of(
            [&] { return find_outputs(*blobs, outputs.prefix, config.payload_limit); });
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
  const auto pass = [self]<class T>(reply<T> answer, auto verb, const auto&... what) {
    self->state.workers->run(answer, duration::zero(), verb, what...);
    return answer.asker();
  };
  return {
      [=](read_atom verb, const std::string& reference) {
        return pass(reply{self->make_response_promise<literals>()}, verb, reference);
      },
      [=](write_atom verb, const std::string& reference, const literals& what) {
        return pass(reply{self->make_response_promise<no_value>()}, verb, reference, what);
      },
      [=](read_atom verb, const inputs_under& inputs) {
        return pass(reply{self->make_response_promise<literals>()}, verb, inputs);
      },
      [=](look_up_atom verb, const outputs_under& outputs) {
        return pass(reply{self->make_response_promise<std::string>()}, verb, outputs);
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
  return pool.validate();
}

storage_actor spawn_storage(caf::actor_system& system, std::shared_ptr<blob_store> blobs,
                            storage_config config) {
  config.validate().value();
  return system.spawn(dispatch, std::move(blobs), config);
}

} // namespace deja
