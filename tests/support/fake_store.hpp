#pragma once

#include "fake_connection.hpp"

namespace deja::testing {

/// A data store in a map, and what it was asked. Outlives its actor.
struct fake_store {
  std::map<std::string, result<shared<core::LiteralMap>>> blobs;
  std::map<std::string, error> unwritable; ///< Writes that fail, by reference.
  std::vector<std::string> calls;
};

/// A storage actor on it that answers at once.
inline storage_actor store_in(caf::actor_system& system, fake_store& store) {
  return system.spawn([&store]() -> storage_actor::behavior_type {
    const auto read = [&store](const std::string& reference) -> result<shared<core::LiteralMap>> {
      store.calls.push_back("read " + reference);
      const auto found = store.blobs.find(reference);
      if (found == store.blobs.end())
        return error{errc::not_found, "no blob"};
      return found->second;
    };
    return {[read](read_atom, const many<std::string>& references) {
              return each_of(references, read);
            },
            [&store](write_atom, const many<literals_at>& blobs) {
              return each_of(blobs, [&](const literals_at& one) -> result<no_value> {
                store.calls.push_back("write " + one.reference);
                if (const auto why = store.unwritable.find(one.reference);
                    why != store.unwritable.end())
                  return why->second;
                store.blobs.insert_or_assign(one.reference, one.literals);
                return no_value{};
              });
            },
            [read](read_atom, const many<inputs_under>& inputs) {
              return each_of(
                  inputs, [&](const inputs_under& one) { return read(one.prefix + "/inputs.pb"); });
            },
            [&store](look_up_atom, const many<outputs_under>& outputs) {
              return each_of(outputs, [&](const outputs_under& one) -> result<std::string> {
                if (!store.blobs.contains(one.prefix + "/outputs.pb"))
                  return error{errc::not_found, "no outputs"};
                return one.prefix + "/outputs.pb";
              });
            }};
  });
}

} // namespace deja::testing
