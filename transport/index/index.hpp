#pragma once

#include <deja/messages/operation.hpp>

#include <functional>
#include <memory>
#include <span>

namespace deja {

/// What to list, and how much of it at once.
struct scan_filter {
  enum class kind { entries, reservations };
  kind what = kind::entries;
  std::optional<std::string> org{}, project{}, domain{}, task{}; ///< Equal to these, where given.
  std::string key_prefix{};
  std::optional<duration> older_than{}; ///< Entries: updated longer ago. Reservations: held longer.
  std::optional<duration> unused_for{}; ///< Entries: touched longer ago.
  std::size_t limit = 100;              ///< At most this many a page; 1 to 10,000.
  /// Those that expired at least this long ago, which are hidden else, instead of the others.
  std::optional<duration> expired_for{};
  std::size_t rows = 0; ///< A page ends after so many rows, selected or not; 0: however many.
};

/// One page, which may end before its limit, and be empty: after as many rows as the filter says,
/// or where its outputs are large. `next` is the cursor for the page after it; empty on the last.
struct scan_page {
  std::vector<deja::entry> entries;
  std::vector<deja::reservation> reservations;
  std::string next;
};

/// What an index holds. What has expired counts until it is swept.
struct index_statistics {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0; ///< Of the entries' outputs.
  std::uint64_t reservations = 0;
};

/// The metadata store. It *decides*: each operation is one atomic, conditional step on the index's
/// own clock; whoever calls it only groups and waits. All calls may be made from any thread. Each
/// `done` is called exactly once, from a thread of the index or, where the answer needs no waiting,
/// from the caller's before the call returns; it must not block. An expired entry or reservation is
/// never handed out. The destructor finishes what was accepted.
///
///     auto index = make_sqlite_index({.path = "index.sqlite"}).value();
///     index->lookup(std::vector{key}, [](std::vector<outcome> found) { ... });
class index {
public:
  using outcomes = std::function<void(std::vector<outcome>)>;

  virtual ~index() = default;

  /// Applies the operations in order as one durable group and gives an outcome for each, in order.
  /// If the group as a whole can't be made durable, every outcome is that error and nothing has
  /// happened (`deadline_exceeded`, `unavailable`: it may have happened).
  virtual void apply(std::vector<operation> operations, outcomes done) = 0;

  /// Entry and reservation of each key, in order; `keys` is not null. Neither there: an outcome
  /// with neither.
  virtual void lookup(many<entry_key> keys, outcomes done) = 0;

  /// A page of what `filter` selects, ordered by primary key; `cursor` is empty for the first page.
  virtual void scan(scan_filter filter, std::string cursor,
                    std::function<void(result<scan_page>)> done) = 0;

  /// Counts all there is, which may take as long as a scan.
  virtual void statistics(std::function<void(result<index_statistics>)> done) = 0;

  /// Calls `on_change` with the keys that changed, for changes by this process and, where the
  /// backend can tell, by others. One watcher; an empty function ends it. `on_change` must not
  /// block. A notification may be missing after a reconnect: watchers look again by themselves.
  virtual void watch(std::function<void(std::span<const entry_key>)> on_change) = 0;

  /// Whether operations can succeed right now; else why not. For readiness probes.
  virtual result<void> ready() = 0;
};

} // namespace deja
