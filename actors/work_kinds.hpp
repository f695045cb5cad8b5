#pragma once

#include <deja/actors/finished_work.hpp>
#include <deja/messages/actors.hpp>

namespace deja {

/// What tells downloads from uploads, to a work queue.
struct download_work {
  static constexpr std::string_view name = "reader.";
  using verb = download_atom;
  using request = download_request;
  using outcome = download_outcome;
  using worker = download_actor;
  using supervisor = download_supervisor_actor;
  using listener = download_listener_actor;

  static bool is_cached(const outcome& done) { return done.cached; }

  /// Whether, and for how long, a later request may get the outcome.
  static std::optional<finished_work<outcome>::record> to_keep(request what,
                                                               const result<outcome>& done) {
    if (!done || !done->cached)
      return {{done, {}}};
    if (what.target)
      return {{done, std::move(what.target)}};
    return {}; // in memory, where nothing says whether it still holds
  }
};

struct upload_work {
  static constexpr std::string_view name = "writer.";
  using verb = upload_atom;
  using request = catalog_put;
  using outcome = put_status;
  using worker = upload_actor;
  using supervisor = upload_supervisor_actor;
  using listener = upload_listener_actor;

  static bool is_cached(outcome done) { return done != put_status::already_other; }

  static std::optional<finished_work<outcome>::record> to_keep(const request&,
                                                               const result<outcome>& done) {
    if (!done)
      return {{done, {}}};
    return {}; // nothing here says whether the entry is still there, and as young
  }
};

} // namespace deja
