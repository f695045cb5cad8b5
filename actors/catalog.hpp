#pragma once

#include <deja/actors/catalog_config.hpp>
#include <deja/actors/work_future.hpp>

#include <caf/fwd.hpp>

#include <stop_token>

namespace deja {

/// What a computation is told.
struct computing {
  deja::lease lease;
  std::stop_token stop; ///< Nobody wants the result any more: it should end.
};

/// Computes a task's outputs, on a thread of its own. An exception is an error (internal).
using computation = std::function<result<core::LiteralMap>(const computing&)>;

/// The catalog for code that is not made of actors: downloads and uploads many task outputs
/// asynchronously, and computes what is not remembered. Thread-safe.
///
///     deja::catalog catalog{{.service = "http://cache:8094", .store = "s3://bucket/prefix"}};
///     catalog.start().value();
///     auto done = catalog.memoize(key, [&](const deja::computing&) { return train(inputs); });
///     done.wait();
///     use(done.get().value().outputs);
///
/// Its destructor stops it at once, and cancels what is under way; futures given out then become
/// ready. It waits for computations to end, and a second for a service that does not answer (a
/// host's own endpoints: until their calls' time is up); so it must not be called by a handler or a
/// computation of its own.
class catalog {
public:
  /// In an actor system that the library owns, and all such catalogs share. Throws `failure` for a
  /// configuration that is not valid.
  explicit catalog(const catalog_config& config);

  /// In the host's system, which has been given to `configure`, and outlives the catalog.
  catalog(caf::actor_system& system, const catalog_config& config);

  catalog(const catalog&) = delete;
  catalog& operator=(const catalog&) = delete;
  ~catalog();

  /// Starts the queues; failed_precondition the second time. `cancel` stops them at once.
  result<void> start(std::stop_token cancel = {});

  /// Looks up, and writes the outputs of hits to their targets. See `work_response`.
  download_future download(std::vector<download_request> requests);

  /// Puts outputs. See `work_response`.
  upload_future upload(std::vector<catalog_put> puts);

  /// Gives the task's outputs: from the cache, or computed, here or elsewhere, once. Called from
  /// within a computation, it counts as a part of that: where both would wait for each other,
  /// through whatever other computations of this catalog, the part computes for itself. Across
  /// processes nobody sees that, so there give parts a `wait_timeout`.
  future<memoized> memoize(shared<catalog_key> key, computation compute,
                           memoize_options options = {}, source_execution source = {});

  /// Takes no more requests, and waits until what is under way has ended; what has not within
  /// `time` is cancelled.
  void stop(duration time);

private:
  class state;

  std::unique_ptr<state> state_;
};

} // namespace deja
