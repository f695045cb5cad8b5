#pragma once

#include <deja/messages/atoms.hpp>
#include <deja/messages/catalog.hpp>
#include <deja/messages/inspect.hpp>
#include <deja/messages/operation.hpp>
#include <deja/messages/wait.hpp>

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <vector>

// Every typed interface of the system: its wire map. Failures come back as `caf::error` with an
// `errc` and a text (`to_caf`, `from_caf` in inspect.hpp).

namespace deja {

/// Gathers the writes of many callers into groups for the index; never blocks.
using cache_service_actor = caf::typed_actor<
    // Applies the operations in one group with others' and gives their outcomes, in order.
    caf::replies_to<apply_atom, many<operation>>::with<many<outcome>>,
    // Looks the keys up and gives entry and reservation of each, in order.
    caf::replies_to<look_up_atom, many<entry_key>>::with<many<outcome>>>;

/// Keeps those who wait for keys, and tells them.
using wait_service_actor = caf::typed_actor<
    // Answers when something has come of the key, or at the end of the context's time.
    caf::replies_to<wait_atom, call_context, wait_request>::with<waited>,
    // Forgets the sender's wait with this id, which is answered with canceled.
    caf::reacts_to<cancel_atom, std::uint64_t>,
    // Gives how many wait for each key; without keys: how many wait.
    caf::replies_to<count_atom, many<entry_key>>::with<many<std::uint64_t>>,
    // Takes no more waits, and answers those there are with unavailable.
    caf::replies_to<stop_atom>::with<no_value>>;

/// Clears up an index and a store, and records which entries were used.
using sweeper_actor = caf::typed_actor<
    // Records the uses that are not recorded yet, and ends.
    caf::replies_to<stop_atom>::with<no_value>>;

/// One way to the service: a blocking endpoint on a thread of its own, or the service in the same
/// process. The verbs of `cache_endpoint`.
using connection_actor = caf::typed_actor<
    // Gets the entries, in order; not_found is a miss.
    caf::replies_to<get_atom, call_context, many<entry_key>>::with<many<result<found_output>>>,
    // Puts each output where its condition allows.
    caf::replies_to<put_atom, call_context, many<entry_put>>::with<many<result<put_status>>>,
    // Deletes the entry.
    caf::replies_to<remove_atom, call_context, entry_key>::with<no_value>,
    // Acquires or extends the reservations and gives those in force.
    caf::replies_to<reserve_atom, call_context,
                    many<reservation_request>>::with<many<result<reservation>>>,
    // Releases the reservation if the owner has it.
    caf::replies_to<release_atom, call_context, entry_key, std::string>::with<no_value>,
    // Waits until something has come of the key, or the context's time is up; unimplemented where
    // the service can't, resource_exhausted where too many wait.
    caf::replies_to<wait_atom, call_context, wait_request>::with<waited>>;

/// The data store, read and written off the scheduler.
using storage_actor = caf::typed_actor<
    // Reads the LiteralMaps at these references, each at most the store's download limit.
    caf::replies_to<read_atom, many<std::string>>::with<many<result<shared<core::LiteralMap>>>>,
    // Writes each LiteralMap to its reference.
    caf::replies_to<write_atom, many<literals_at>>::with<many<result<no_value>>>,
    // Reads the inputs that keys' sources name.
    caf::replies_to<read_atom, many<inputs_under>>::with<many<result<shared<core::LiteralMap>>>>,
    // Checks that outputs lie under the prefixes, within the payload limit, and gives their URIs.
    caf::replies_to<look_up_atom, many<outputs_under>>::with<many<result<std::string>>>>;

/// The synchronous client's seven operations.
using catalog_client_actor = caf::typed_actor<
    // Looks the key up and gives its outputs; not_found is a miss, also for an entry older than
    // the maximum age (zero: any age).
    caf::replies_to<get_atom, call_context, shared<catalog_key>, duration>::with<catalog_entry>,
    // The same for many keys, in order.
    caf::replies_to<get_atom, call_context, many<shared<catalog_key>>,
                    duration>::with<many<result<catalog_entry>>>,
    // Stores outputs under the key where the condition allows.
    caf::replies_to<put_atom, call_context, catalog_put>::with<put_status>,
    // The same for many puts, in order.
    caf::replies_to<put_atom, call_context, many<catalog_put>>::with<many<result<put_status>>>,
    // Stores outputs under the key, replacing what is there.
    caf::replies_to<update_atom, call_context, catalog_put>::with<put_status>,
    // Acquires or extends the key's reservation for the owner and gives the one in force.
    caf::replies_to<reserve_atom, call_context, shared<catalog_key>, std::string,
                    duration>::with<reservation>,
    // Releases the key's reservation if the owner has it.
    caf::replies_to<release_atom, call_context, shared<catalog_key>, std::string>::with<no_value>,
    // Gives the local record of the owner's reservation; an unknown owner gives the zero record.
    caf::replies_to<recall_atom, std::string>::with<reservation_record>,
    // Keeps a local record of the owner's reservation.
    caf::replies_to<record_atom, std::string, reservation_record>::with<no_value>,
    // Gives up the call with this id: it is answered with canceled.
    caf::reacts_to<cancel_atom, std::uint64_t>>;

/// Carries out one chunk of downloads at a time.
using download_actor = caf::typed_actor<
    // Looks the keys up and writes the outputs of the hits to their targets; a miss is no failure.
    caf::replies_to<download_atom, call_context,
                    many<download_request>>::with<many<result<download_outcome>>>>;

/// Carries out one chunk of uploads at a time.
using upload_actor = caf::typed_actor<
    // Puts the outputs; one that is there already is no failure.
    caf::replies_to<upload_atom, call_context, many<catalog_put>>::with<many<result<put_status>>>>;

/// Told how requests to the queue of downloads go on.
using download_listener_actor = caf::typed_actor<
    // The request with this id is so far.
    caf::reacts_to<progress_atom, std::uint64_t, work_progress>,
    // The request with this id has ended.
    caf::reacts_to<done_atom, std::uint64_t, result<many<result<download_outcome>>>>>;

/// Told how requests to the queue of uploads go on.
using upload_listener_actor = caf::typed_actor<
    // The request with this id is so far.
    caf::reacts_to<progress_atom, std::uint64_t, work_progress>,
    // The request with this id has ended.
    caf::reacts_to<done_atom, std::uint64_t, result<many<result<put_status>>>>>;

/// The indexed queue of downloads: Flyte's reader.
using download_supervisor_actor = download_actor::extend<
    // Begins to work; before it, requests fail.
    caf::replies_to<start_atom>::with<no_value>,
    // Downloads, and tells the listener how it goes on instead of answering.
    caf::reacts_to<download_atom, call_context, many<download_request>, download_listener_actor>,
    // Gives up the request with this id: what it still waits for is answered with canceled.
    caf::reacts_to<cancel_atom, std::uint64_t>,
    // Takes no more requests, cancels what is not finished within the time, and ends.
    caf::replies_to<stop_atom, duration>::with<no_value>>;

/// The indexed queue of uploads: Flyte's writer.
using upload_supervisor_actor = upload_actor::extend<
    // Begins to work; before it, requests fail.
    caf::replies_to<start_atom>::with<no_value>,
    // Uploads, and tells the listener how it goes on instead of answering.
    caf::reacts_to<upload_atom, call_context, many<catalog_put>, upload_listener_actor>,
    // Gives up the request with this id: what it still waits for is answered with canceled.
    caf::reacts_to<cancel_atom, std::uint64_t>,
    // Takes no more requests, cancels what is not finished within the time, and ends.
    caf::replies_to<stop_atom, duration>::with<no_value>>;

/// Told of a reservation that was lost.
using lease_holder_actor = caf::typed_actor<
    // The reservation of this key is another's now; told once.
    caf::reacts_to<lost_atom, entry_key, reservation>>;

/// Keeps the reservations of this process alive.
using reservation_heartbeat_actor = caf::typed_actor<
    // Extends this reservation in time from now on and tells the holder of a loss; lets go of it
    // when the holder ends.
    caf::reacts_to<hold_atom, entry_key, reservation, lease_holder_actor>,
    // Stops extending it, and releases it.
    caf::replies_to<let_go_atom, entry_key, std::string>::with<no_value>>;

/// Computes what a memoizer asks for.
using task_actor = caf::typed_actor<
    // Computes the task's outputs.
    caf::replies_to<compute_atom, lease>::with<shared<core::LiteralMap>>,
    // The computation with this id is no longer wanted; it may end as it likes, but should end.
    caf::reacts_to<cancel_atom, std::uint64_t>>;

/// Has each task computed once, in this process and across processes.
using memoizer_actor = caf::typed_actor<
    // Gives the task's outputs: remembered, another's, or computed by the task.
    caf::replies_to<memoize_atom, call_context, memoize_request, task_actor>::with<memoized>,
    // Gives up the calls with this id: they are answered with canceled.
    caf::reacts_to<cancel_atom, std::uint64_t>,
    // Takes no more calls, cancels the computations that are not finished within the time, and
    // ends.
    caf::replies_to<stop_atom, duration>::with<no_value>>;

/// The root of one catalog: all its other actors end with it.
using catalog_actor = caf::typed_actor<
    // Starts the work queues.
    caf::replies_to<start_atom>::with<no_value>,
    // Takes no more requests, cancels what is not finished within the time, and ends all.
    caf::replies_to<stop_atom, duration>::with<no_value>>;

} // namespace deja

CAF_BEGIN_TYPE_ID_BLOCK(deja_messages, caf::id_block::deja_atoms::end)
CAF_ADD_TYPE_ID(deja_messages, (deja::call_context))
CAF_ADD_TYPE_ID(deja_messages, (deja::catalog_entry))
CAF_ADD_TYPE_ID(deja_messages, (deja::catalog_put))
CAF_ADD_TYPE_ID(deja_messages, (deja::download_listener_actor))
CAF_ADD_TYPE_ID(deja_messages, (deja::entry_key))
CAF_ADD_TYPE_ID(deja_messages, (deja::found_output))
CAF_ADD_TYPE_ID(deja_messages, (deja::inputs_under))
CAF_ADD_TYPE_ID(deja_messages, (deja::lease))
CAF_ADD_TYPE_ID(deja_messages, (deja::lease_holder_actor))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::catalog_put>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::download_request>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::entry_key>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::entry_put>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::inputs_under>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::literals_at>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::operation>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::outcome>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::outputs_under>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::reservation_request>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::result<deja::catalog_entry>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::result<deja::download_outcome>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::result<deja::found_output>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::result<deja::no_value>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::result<deja::put_status>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::result<deja::reservation>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::result<deja::shared<deja::core::LiteralMap>>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::result<std::string>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<deja::shared<deja::catalog_key>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<std::string>))
CAF_ADD_TYPE_ID(deja_messages, (deja::many<std::uint64_t>))
CAF_ADD_TYPE_ID(deja_messages, (deja::memoize_request))
CAF_ADD_TYPE_ID(deja_messages, (deja::memoized))
CAF_ADD_TYPE_ID(deja_messages, (deja::no_value))
CAF_ADD_TYPE_ID(deja_messages, (deja::output_source))
CAF_ADD_TYPE_ID(deja_messages, (deja::outputs_under))
CAF_ADD_TYPE_ID(deja_messages, (deja::put_condition))
CAF_ADD_TYPE_ID(deja_messages, (deja::put_status))
CAF_ADD_TYPE_ID(deja_messages, (deja::reservation))
CAF_ADD_TYPE_ID(deja_messages, (deja::reservation_record))
CAF_ADD_TYPE_ID(deja_messages, (deja::reservation_request))
CAF_ADD_TYPE_ID(deja_messages, (deja::result<deja::many<deja::result<deja::download_outcome>>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::result<deja::many<deja::result<deja::put_status>>>))
CAF_ADD_TYPE_ID(deja_messages, (deja::shared<deja::cacheservice::CachedOutput>))
CAF_ADD_TYPE_ID(deja_messages, (deja::shared<deja::catalog_key>))
CAF_ADD_TYPE_ID(deja_messages, (deja::shared<deja::core::LiteralMap>))
CAF_ADD_TYPE_ID(deja_messages, (deja::source_execution))
CAF_ADD_TYPE_ID(deja_messages, (deja::task_actor))
CAF_ADD_TYPE_ID(deja_messages, (deja::upload_listener_actor))
CAF_ADD_TYPE_ID(deja_messages, (deja::wait_request))
CAF_ADD_TYPE_ID(deja_messages, (deja::waited))
CAF_ADD_TYPE_ID(deja_messages, (deja::work_progress))
CAF_END_TYPE_ID_BLOCK(deja_messages)
