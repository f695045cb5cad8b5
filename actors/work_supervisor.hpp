#pragma once

#include <deja/actors/work_config.hpp>
#include <deja/messages/actors.hpp>

#include <functional>

namespace deja {

/// Makes one more worker. Called by the supervisor.
template <class Worker>
using worker_factory = std::function<Worker(caf::actor_system&)>;

/// Spawns the indexed work queue of downloads. It must be told to start first; before that, and
/// from `stop` on, requests fail (failed_precondition, unavailable).
///
/// The same item asked for twice is done once, and both askers get the outcome. An item is tried up
/// to `retry.attempts` times, with pauses, where its error can pass (`can_pass`); any other is
/// final at once. A worker that dies, or takes longer than `timeout`, is replaced; its items are
/// tried again one by one, so that only the one at fault uses up its attempts. What has failed,
/// or was a miss, answers one later request, and a download to a target all later ones for as long
/// as its outputs lie there. `storage` reads the inputs that keys only refer to, and looks for
/// outputs at targets. Requests take turns, a chunk each, so that a small one does not wait for a
/// large one. Ends by `stop`, or with `send_exit`: what is under way then gets unavailable.
download_supervisor_actor spawn_download_supervisor(caf::actor_system& system,
                                                    worker_factory<download_actor> workers,
                                                    storage_actor storage, work_config config = {});

/// The same for uploads. One that succeeded answers no later request, since nothing here tells
/// whether the entry stays.
upload_supervisor_actor spawn_upload_supervisor(caf::actor_system& system,
                                                worker_factory<upload_actor> workers,
                                                storage_actor storage, work_config config = {});

} // namespace deja
