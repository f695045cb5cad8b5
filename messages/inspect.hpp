#pragma once

#include <deja/messages/catalog.hpp>
#include <deja/messages/inspect_parts.hpp>
#include <deja/messages/operation.hpp>
#include <deja/messages/wait.hpp>

// CAF inspection of every message type, so that each can go to another node. The only header
// beside actors.hpp and its like that names CAF.

namespace deja {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, error& x) {
  return f(caf::meta::type_name("error"), x.code, x.message);
}

// cache.hpp

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, scope& x) {
  return f(caf::meta::type_name("scope"), x.org, x.project, x.domain);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, entry_key& x) {
  return f(caf::meta::type_name("entry_key"), x.where, x.key);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, entry& x) {
  return f(caf::meta::type_name("entry"), x.key, x.task, x.output, x.content, x.size, x.created,
           x.updated, x.accessed, carried(x.expires), x.generation);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, reservation& x) {
  return f(caf::meta::type_name("reservation"), x.key, x.owner, x.fencing_token, x.since,
           x.heartbeat, x.expires);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, fence& x) {
  return f(caf::meta::type_name("fence"), x.owner, x.token);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, put_condition& x) {
  return f(caf::meta::type_name("put_condition"), x.overwrite, carried(x.max_age),
           carried(x.generation), carried(x.held));
}

// operation.hpp

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, put_operation& x) {
  return f(caf::meta::type_name("put_operation"), x.key, x.task, x.output, x.content,
           carried(x.created), carried(x.lifetime), x.when);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, delete_operation& x) {
  return f(caf::meta::type_name("delete_operation"), x.key, carried(x.generation));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, reserve_operation& x) {
  return f(caf::meta::type_name("reserve_operation"), x.key, x.owner, x.heartbeat, x.lease);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, release_operation& x) {
  return f(caf::meta::type_name("release_operation"), x.key, x.owner);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, touch_operation& x) {
  return f(caf::meta::type_name("touch_operation"), x.key);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, sweep_operation& x) {
  return f(caf::meta::type_name("sweep_operation"), x.key, x.reservation_rest);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, outcome& x) {
  return f(caf::meta::type_name("outcome"), carried(x.why), x.entry, carried(x.reservation));
}

// wait.hpp

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, wait_request& x) {
  return f(caf::meta::type_name("wait_request"), x.key, carried(x.newer_than), x.entry_only);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, waited& x) {
  return f(caf::meta::type_name("waited"), x.event, carried(x.generation), carried(x.holder),
           x.others);
}

// catalog.hpp

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, no_value&) {
  return f(caf::meta::type_name("no_value"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, call_context& x) {
  return f(caf::meta::type_name("call_context"), x.id, x.time_left, x.traceparent);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inputs_under& x) {
  return f(caf::meta::type_name("inputs_under"), x.prefix);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, catalog_key& x) {
  return f(caf::meta::type_name("catalog_key"), carried(x.identifier), x.cache_version,
           x.ignored_inputs, carried(x.interface), carried(x.inputs));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, outputs_under& x) {
  return f(caf::meta::type_name("outputs_under"), x.prefix);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, source_execution& x) {
  return f(caf::meta::type_name("source_execution"), carried(x.task), carried(x.node),
           carried(x.created), x.key_map);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, catalog_put& x) {
  return f(caf::meta::type_name("catalog_put"), x.key, carried(x.outputs), x.source, x.when);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, entry_put& x) {
  return f(caf::meta::type_name("entry_put"), x.key, x.output, x.when);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, literals_at& x) {
  return f(caf::meta::type_name("literals_at"), x.reference, x.literals);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, catalog_entry& x) {
  return f(caf::meta::type_name("catalog_entry"), x.outputs, carried(x.metadata), carried(x.stored),
           x.uri, carried(x.generation));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, download_request& x) {
  return f(caf::meta::type_name("download_request"), x.key, carried(x.target));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, download_outcome& x) {
  return f(caf::meta::type_name("download_outcome"), x.cached, x.outputs);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, found_output& x) {
  return f(caf::meta::type_name("found_output"), x.output, carried(x.generation));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, reservation_record& x) {
  return f(caf::meta::type_name("reservation_record"), x.timestamp, x.status);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, work_progress& x) {
  return f(caf::meta::type_name("work_progress"), x.total, x.done, x.cached, x.failed);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, reservation_request& x) {
  return f(caf::meta::type_name("reservation_request"), x.key, x.owner, x.heartbeat);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, memoize_options& x) {
  return f(caf::meta::type_name("memoize_options"), x.overwrite, x.max_age, x.serve_stale,
           x.no_wait, carried(x.wait_timeout), x.on_lost);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, lease& x) {
  return f(caf::meta::type_name("lease"), x.id, x.key, x.held);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, memoize_request& x) {
  return f(caf::meta::type_name("memoize_request"), x.key, x.options, x.source, x.held);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, memoized& x) {
  return f(caf::meta::type_name("memoized"), x.how, x.outputs, carried(x.why), x.computation);
}

} // namespace deja
