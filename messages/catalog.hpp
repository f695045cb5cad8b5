#pragma once

#include <deja/messages/cache.hpp>
#include <deja/messages/shared.hpp>

#include <flyteidl2/cacheservice/cacheservice.pb.h>
#include <flyteidl2/core/catalog.pb.h>
#include <flyteidl2/core/execution.pb.h>
#include <flyteidl2/core/identifier.pb.h>
#include <flyteidl2/core/interface.pb.h>
#include <flyteidl2/core/literals.pb.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>

namespace deja {

namespace core = flyteidl2::core;
namespace cacheservice = flyteidl2::cacheservice;

/// Travels with each request to an actor: who asks, how long it may take, and the trace it
/// belongs to.
struct call_context {
  std::uint64_t id = 0;    ///< Names the call for `cancel`; 0: can't be cancelled.
  duration time_left{};    ///< Zero: the callee's default.
  std::string traceparent; ///< W3C trace context; may be empty.
};

/// Inputs that lie as `inputs.pb` under a prefix of the data store.
struct inputs_under {
  std::string prefix;
};

/// A task's inputs: not given, in memory, or to be read. A reader reads once: what was read takes
/// the reader's place in the key that is passed on.
using input_source = std::variant<std::monostate, shared<core::LiteralMap>, inputs_under>;

/// The answer to a request that asks for nothing but to be done. (CAF's own `unit_t` arrives as no
/// value at all, which its typed interfaces then don't take.)
struct no_value {};

/// All that a cache key is made from; see `make_key`.
struct catalog_key {
  std::optional<core::Identifier> identifier;
  std::string cache_version;
  std::set<std::string> ignored_inputs;   ///< Flyte's cache_ignore_input_vars.
  shared<core::TypedInterface> interface; ///< One for all calls of a task saves work for each.
  input_source inputs;
};

/// Outputs that lie as `outputs.pb` (or `error.pb`) under a prefix of the data store.
struct outputs_under {
  std::string prefix;
};

/// A task's outputs to be put: by reference to the data store, or in memory and so put inline.
using output_source = std::variant<outputs_under, shared<core::LiteralMap>>;

/// Which execution made the outputs. A task execution goes before a node execution.
struct source_execution {
  std::optional<core::TaskExecutionIdentifier> task;
  std::optional<core::NodeExecutionIdentifier> node;
  std::optional<wall_time> created;           ///< None: now.
  std::map<std::string, std::string> key_map; ///< Beside Flyte's own keys.
};

/// A put to the catalog.
struct catalog_put {
  shared<catalog_key> key;
  output_source outputs;
  source_execution source;
  put_condition when{};
};

/// A put to the service.
struct entry_put {
  entry_key key;
  shared<cacheservice::CachedOutput> output;
  put_condition when{};
};

/// What is to lie at a reference of the data store.
struct literals_at {
  std::string reference;
  shared<core::LiteralMap> literals;
};

/// A hit: the outputs, and what the catalog knows of them.
struct catalog_entry {
  shared<core::LiteralMap> outputs;
  core::CatalogMetadata metadata;          ///< With the source execution.
  cacheservice::Metadata stored;           ///< As the service holds it.
  std::string uri;                         ///< Where the outputs lie; empty: inline.
  std::optional<std::uint64_t> generation; ///< For a put that replaces it, where known.
};

/// One item of a download.
struct download_request {
  shared<catalog_key> key;
  std::optional<outputs_under> target; ///< Where its outputs are to be written as `outputs.pb`;
                                       ///< none: they come with the outcome.
};

/// What became of a download that did not fail.
struct download_outcome {
  bool cached = false;              ///< There was an entry; its outputs lie at the target.
  shared<core::LiteralMap> outputs; ///< Those of the entry, where no target was given.
};

/// What a look-up at an endpoint found.
struct found_output {
  shared<cacheservice::CachedOutput> output;
  std::optional<std::uint64_t> generation; ///< Where the endpoint tells it.
};

/// What became of a put that did not fail.
enum class put_status {
  stored,        ///< It is the entry now.
  already_same,  ///< The same outputs were there already.
  already_other, ///< Other outputs were there already and stay.
};

/// How far a request to a work queue is, in items.
struct work_progress {
  std::uint64_t total = 0;
  std::uint64_t done = 0;   ///< Finished, in whatever way.
  std::uint64_t cached = 0; ///< Downloads that were hits; uploads whose outputs are the entry now.
  std::uint64_t failed = 0;
};

/// What is to be reserved, or extended.
struct reservation_request {
  entry_key key;
  std::string owner;
  duration heartbeat{}; ///< How often the owner promises to extend it.
};

/// What is to be released.
struct release_request {
  entry_key key;
  std::string owner;
};

/// The local record of a reservation, by owner.
struct reservation_record {
  wall_time timestamp{};
  core::CatalogReservation::Status status = core::CatalogReservation::RESERVATION_DISABLED;
};

/// What becomes of a computation whose reservation is lost to another.
enum class on_lost {
  cancel, ///< It is told to stop; the other's result is waited for.
  finish, ///< It goes on; its result is handed out, and stored only where the other's is not.
};

/// What is wanted of one call of `memoize`.
struct memoize_options {
  bool overwrite = false;   ///< Compute in any case, and replace the entry.
  duration max_age{};       ///< Older entries are misses, and replaced; zero: the default.
  bool serve_stale = false; ///< Hand out an entry over `max_age` at once, and refresh it meanwhile.
  bool no_wait = false;     ///< Compute beside another that computes the same.
  /// Wait for another no longer than about this, then compute beside it; none: however long it
  /// takes. A call that a computation makes should have one where processes share a cache and one's
  /// computation may have a part that another computes, and the other way round: nobody sees that
  /// they wait for each other. (Within a process they don't.)
  std::optional<duration> wait_timeout{};
  deja::on_lost on_lost = deja::on_lost::cancel;
};

/// The right to compute, as a task is told of it.
struct lease {
  std::uint64_t id = 0; ///< Names the computation.
  entry_key key;
  /// The primary keys that this computation and those it is part of hold, its own last. To be
  /// passed on in the `memoize_request`s of a task, which then wait neither for them nor for what
  /// waits for them.
  std::vector<digest> held;
};

/// A task to be memoized.
struct memoize_request {
  shared<catalog_key> key;
  memoize_options options{};
  source_execution source{};
  std::vector<digest> held{}; ///< `lease::held` of the task that asks; empty where none does.
};

/// Where a memoized task's outputs come from.
enum class memoized_by {
  hit,        ///< The cache.
  stale,      ///< The cache, though older than `max_age`; it is being refreshed.
  waited,     ///< Another call or process, which was waited for.
  stored,     ///< Computed and stored.
  lost_race,  ///< Computed; another's outputs were stored first.
  not_stored, ///< Computed, and not stored.
};

/// A memoized task's outputs.
struct memoized {
  memoized_by how = memoized_by::hit;
  shared<core::LiteralMap> outputs;
  std::optional<error> why{}; ///< Where it was not stored.
  duration computation{};     ///< How long it took, now or then; zero: not known.
};

} // namespace deja
