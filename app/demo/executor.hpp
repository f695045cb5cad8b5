#pragma once

#include <deja/actors/spawn_catalog.hpp>
#include <deja/app/demo/workflow.hpp>

namespace deja::app::demo {

/// How far a workflow is, and what became of its tasks.
struct progress {
  std::uint64_t tasks = 0, done = 0;
  std::uint64_t computed = 0;   ///< Here.
  std::uint64_t hits = 0;       ///< Remembered.
  std::uint64_t waited = 0;     ///< Computed by another meanwhile.
  std::uint64_t retries = 0;    ///< Of tasks, and of results that could not be stored at first.
  std::uint64_t not_stored = 0; ///< Computed, and not stored in the end.
  duration computing{};         ///< The time that the tasks took, one after the other.
  duration saved{};             ///< What the others would have taken.
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, progress& x) {
  return f(caf::meta::type_name("progress"), x.tasks, x.done, x.computed, x.hits, x.waited,
           x.retries, x.not_stored, x.computing, x.saved);
}

/// Told how a workflow goes on.
using workflow_listener = caf::typed_actor<
    // It is so far.
    caf::reacts_to<progress_atom, progress>,
    // It has ended, with the last task's result.
    caf::reacts_to<done_atom, result<std::string>>>;

/// Carries out one workflow: each task as soon as those it takes results of are done, and through
/// the catalog's memoizer, so that it is computed only where nobody has. Ends with it.
void spawn_executor(caf::actor_system& system, const catalog_handles& catalog, workflow plan,
                    workflow_listener listener);

} // namespace deja::app::demo
