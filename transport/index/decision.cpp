#include <deja/transport/index/decision.hpp>

#include <deja/messages/cached_output.hpp>

namespace deja {

namespace {

bool is_live(const shared<entry>& entry, const decision_context& context) {
  return entry && !(entry->expires && *entry->expires <= context.now);
}

bool is_live(const shared<reservation_row>& row, const decision_context& context) {
  return row && row->ends > context.since_boot;
}

/// Far enough lies beyond what the clock counts.
wall_time later(wall_time now, duration lifetime) {
  return lifetime > wall_time::max() - now ? wall_time::max() : now + lifetime;
}

reservation handed_out(const reservation_row& row, const decision_context& context) {
  auto out = row.reservation;
  out.expires = context.now + (row.ends - context.since_boot);
  return out;
}

std::optional<error> refusal(const put_operation& put, const stored_state& state,
                             const decision_context& context) {
  const auto& when = put.when;
  if (when.held) {
    const bool held =
        is_live(state.reservation, context) &&
        state.reservation->reservation.owner == when.held->owner &&
        (when.held->token == 0 || state.reservation->reservation.fencing_token == when.held->token);
    if (!held)
      return no_longer_held(put);
  }
  if (!state.entry) // Also a generation that is gone may be put anew.
    return std::nullopt;
  if (when.overwrite)
    return std::nullopt;
  if (when.generation && *when.generation == state.entry->generation)
    return std::nullopt;
  if (when.max_age && context.now - state.entry->updated > *when.max_age)
    return std::nullopt;
  return in_the_way(put);
}

struct decider {
  stored_state& state;
  const decision_context& context;

  outcome operator()(const put_operation& put) const {
    if (auto why = refusal(put, state, context))
      return {why, state.entry, std::nullopt};
    const auto created = put.created.value_or(state.entry ? state.entry->created : context.now);
    entry next{.output = with_times(put.output, created, context.now),
               .created = created,
               .updated = context.now,
               .accessed = context.now,
               .key = put.key,
               .task = put.task,
               .content = put.content};
    next.size = next.output.size();
    if (put.lifetime)
      next.expires = later(context.now, *put.lifetime);
    next.generation = context.next_number();
    state.entry = std::move(next);
    return {std::nullopt, state.entry, std::nullopt};
  }

  outcome operator()(const delete_operation& remove) const {
    if (!state.entry)
      return {nothing_there(remove), std::nullopt, std::nullopt};
    if (remove.generation && *remove.generation != state.entry->generation)
      return {moved_on(remove), state.entry, std::nullopt};
    return {std::nullopt, std::exchange(state.entry, {}), std::nullopt};
  }

  outcome operator()(const reserve_operation& reserve) const {
    // Ours, even if it ran out: nobody else has had it since, so the token stays good.
    const bool ours = state.reservation && state.reservation->reservation.owner == reserve.owner;
    if (!ours && is_live(state.reservation, context))
      return {std::nullopt, std::nullopt, handed_out(*state.reservation, context)};
    auto next = ours ? *state.reservation : reservation_row{};
    if (!ours) {
      next.reservation.key = reserve.key;
      next.reservation.owner = reserve.owner;
      next.reservation.fencing_token = context.next_number();
      next.reservation.since = context.now;
    }
    next.reservation.heartbeat = reserve.heartbeat;
    next.lease = reserve.lease;
    next.ends = context.since_boot + reserve.lease;
    state.reservation = std::move(next);
    return {std::nullopt, std::nullopt, handed_out(*state.reservation, context)};
  }

  outcome operator()(const release_operation& release) const {
    if (!state.reservation || state.reservation->reservation.owner != release.owner)
      return {};
    outcome done;
    if (is_live(state.reservation, context))
      done.reservation = handed_out(*state.reservation, context);
    state.reservation.reset();
    return done;
  }

  outcome operator()(const touch_operation&) const {
    if (state.entry) {
      auto touched = *state.entry;
      touched.accessed = context.now;
      state.entry = std::move(touched);
    }
    return {};
  }

  outcome operator()(const sweep_operation& sweep) const {
    outcome done;
    done.entry = expired(state, context, {}).entry;
    done.reservation = expired(state, context, sweep.reservation_rest).reservation;
    if (done.entry)
      state.entry.reset();
    if (done.reservation)
      state.reservation.reset();
    return done;
  }
};

} // namespace

outcome decide(const operation& what, stored_state& state, const decision_context& context) {
  if (!is_live(state.entry, context) && !std::holds_alternative<sweep_operation>(what))
    state.entry.reset();
  return std::visit(decider{state, context}, what);
}

outcome visible(const stored_state& state, const decision_context& context) {
  outcome out;
  if (is_live(state.entry, context))
    out.entry = state.entry;
  if (is_live(state.reservation, context))
    out.reservation = handed_out(*state.reservation, context);
  return out;
}

outcome expired(const stored_state& state, const decision_context& context, duration expired_for) {
  outcome out;
  const auto& [entry, reservation] = state;
  if (entry && entry->expires && context.now - expired_for >= *entry->expires)
    out.entry = entry;
  if (reservation && context.since_boot - expired_for >= reservation->ends)
    out.reservation = handed_out(*reservation, context);
  return out;
}

error no_longer_held(const put_operation& put) {
  const auto owner = put.when.held ? put.when.held->owner : std::string{};
  return {errc::failed_precondition, "putting key \"" + put.key.key +
                                         "\": its reservation is no longer held by \"" + owner +
                                         "\""};
}

error in_the_way(const put_operation& put) {
  const auto putting = "putting key \"" + put.key.key + "\": ";
  if (put.when.generation)
    return {errc::failed_precondition, putting + "the entry to replace, generation " +
                                           std::to_string(*put.when.generation) +
                                           ", has been replaced meanwhile"};
  return {errc::already_exists, putting + "there is an entry"};
}

error nothing_there(const delete_operation& remove) {
  return {errc::not_found, "deleting key \"" + remove.key.key + "\": there is no entry"};
}

error moved_on(const delete_operation& remove) {
  return {errc::failed_precondition,
          "deleting key \"" + remove.key.key + "\": it has been replaced meanwhile"};
}

const entry_key& key_of(const operation& what) {
  return std::visit([](const auto& one) -> const entry_key& { return one.key; }, what);
}

} // namespace deja
