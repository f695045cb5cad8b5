#pragma once

#include <deja/messages/digest_map.hpp>
#include <deja/transport/blob/content_store.hpp>
#include <deja/transport/collect/content_marks.hpp>
#include <deja/transport/collect/eviction.hpp>
#include <deja/transport/index/index.hpp>

#include <functional>
#include <random>
#include <stop_token>

namespace deja {

/// What is to go.
struct collection_plan {
  bool dry_run = false; ///< Nothing goes; the report says what would.

  /// Expired reservations stay for so long: an owner that comes back late keeps its fencing token.
  duration reservation_rest = std::chrono::minutes{1};

  /// Entries that were put longer ago and used longer ago than this; of two, both must hold.
  std::optional<duration> older_than{}, unused_for{};

  /// Above a cap, the longest unused entries go until it is 5 % below. Bytes are those of the
  /// entries and of the contents that they name, each content once.
  std::optional<std::uint64_t> max_entries{}, max_bytes{};

  /// Contents that no entry names and that were not written or renewed for `grace`, and files of
  /// writers that never ended. A put must follow its contents within `grace`.
  bool contents = false;
  duration grace = std::chrono::hours{1};

  /// invalid_argument that names the field, its value and what it may be.
  result<void> validate() const;
};

/// What has gone so far, or would have.
struct collection_report {
  std::uint64_t reservations = 0; ///< Expired ones.
  std::uint64_t expired = 0;      ///< Entries, by their lifetime,
  std::uint64_t selected = 0;     ///< by age or disuse,
  std::uint64_t evicted = 0;      ///< and for a cap.
  std::uint64_t entry_bytes = 0;  ///< Of all these.
  blob_sum contents{};
  blob_sum unfinished{};

  std::uint64_t entries() const { return expired + selected + evicted; }
};

/// What a collection works on. Its calls wait for their answers.
struct collection_parts {
  index& entries; ///< Is scanned.
  /// Applies the operations: all removal goes this way.
  std::function<std::vector<outcome>(std::vector<operation>)> apply;
  blob_store* blobs = nullptr; ///< Where contents lie; may be null where the plan has none.
  std::function<wall_time()> now = std::chrono::system_clock::now; ///< The blobs' clock.
  std::stop_token stop{}; ///< Once this is stopped, the index is waited for no longer.
};

/// One round of clearing up, in steps of bounded work: expired reservations and entries, entries by
/// the plan's criteria, the longest unused ones above a cap, contents that no entry names.
/// Blocking; used by one thread. Harmless beside others that use the index, or clear it up
/// themselves.
///
///     collection round{plan, parts};
///     for (auto more = round.step(); more && *more; more = round.step()) {}
class collection {
public:
  collection(collection_plan plan, collection_parts parts,
             std::uint64_t seed = std::random_device{}());

  /// Does the next piece of work; false once there is none left. After an error the round is over:
  /// what it did stays done.
  result<bool> step();

  const collection_report& report() const { return report_; }

private:
  enum class stage {
    reservations,
    expired,
    selected,
    measure,
    evict,
    mark,
    contents,
    unfinished,
    done
  };

  bool has_caps() const { return plan_.max_entries || plan_.max_bytes; }

  bool is_due(stage which) const;
  void go_on(stage next);

  result<void> sweep(scan_filter::kind what);
  result<void> select();
  result<void> mark();
  result<void> evict();
  result<void> remove_contents();
  result<void> remove_unfinished();

  result<scan_page> next_page(scan_filter filter);
  result<bool> has_contents();
  result<void> mark_contents_of(const entry& one);
  result<void> mark_content(const digest& name);
  result<std::uint64_t> bytes_of_content(const digest& name);
  result<std::vector<eviction_candidate>> sample();
  result<void> remove(const std::vector<eviction_candidate>& all, std::uint64_t& count);
  bool is_gone(const entry& one) const;
  digest random_digest();

  const collection_plan plan_;
  const collection_parts parts_;
  std::mt19937_64 random_;
  collection_report report_;

  stage stage_ = stage::reservations;
  std::string cursor_; ///< In the stage's listing.

  /// What there is, as counted while marking.
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_ = 0;
  std::optional<content_marks> marks_;
  wall_time marked_since_{};

  surplus left_;          ///< What eviction still has to free.
  int fruitless_ = 0;     ///< Samples in a row that freed nothing.
  digest_map<bool> gone_; ///< Entries that a dry run counts as gone.
};

} // namespace deja
