#pragma once

#include <deja/messages/digest_map.hpp>
#include <deja/transport/index/decision.hpp>

#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>

#include <memory>
#include <mutex>
#include <span>

namespace deja {

/// What lies under the keys that were asked for or changed lately, in memory, for an index that is
/// the only one to write its rows. A key of which nothing is stored counts as well. At most
/// `max_bytes`. Where they are taken, a row that was read takes the place of others once it is read
/// again soon, so that who reads all there is drives nothing out (the doorkeeper of TinyLFU,
/// Einziger, Friedman and Manes 2017); then a row goes that was not asked for lately ("second
/// chance"). Thread-safe.
///
/// Readers look here, read the database where nothing is found, and offer what they read. A commit
/// shows in the database before its end can be told here; had one reader seen it there and the next
/// one found the old row here, time would have run backwards. So the writer says before each commit
/// what it changes, and until its end these rows are found in the database alone, which orders
/// their readers. Nothing that was read before or during a commit is kept after it.
class hot_rows {
public:
  using row = std::shared_ptr<const stored_state>;

  /// Zero bytes: nothing is kept.
  explicit hot_rows(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  struct change {
    digest key{};
    row now; ///< Not null.
  };

  /// The row of each key, all of one moment; null where none is kept. `era` is what `offer` wants
  /// of whoever reads those instead.
  std::vector<row> find(std::span<const digest> keys, std::uint64_t& era);

  /// Keeps rows that were read since `era` was given, unless something may have changed since.
  /// Whether nothing may have: then rows found and rows read are of one moment.
  bool offer(std::span<const change> read, std::uint64_t era);

  /// The writer, which has decided these changes, one a key, is about to commit them: until the end
  /// their keys are not known. A change to the very row that is kept is none.
  void begin_commit(std::span<const change> changes);

  /// The commit has ended, and what is kept of these keys is this. No changes: it failed, perhaps
  /// after all.
  void end_commit(std::span<const change> changes);

  /// Between commits: somebody else has changed the database after all, nothing is known any more.
  void forget();

  /// What is kept, in bytes.
  std::size_t bytes() const;

private:
  struct kept {
    digest key{};
    mutable row state;
    mutable std::size_t bytes = 0;
    mutable bool asked = false; ///< Since it came to the end.
  };

  bool is_to_be_kept(const kept& fresh);
  void shrink();

  using rows = boost::multi_index_container<
      kept, boost::multi_index::indexed_by<
                boost::multi_index::hashed_unique<
                    boost::multi_index::member<kept, digest, &kept::key>, digest_hash>,
                boost::multi_index::sequenced<>>>;

  const std::size_t max_bytes_;
  mutable std::mutex mutex_; ///< For what follows.
  rows rows_;                ///< The next that may have to go is first in their sequence.
  std::size_t bytes_ = 0;
  std::vector<std::uint32_t> read_once_; ///< Parts of their keys, each at its key's place.
  std::uint64_t era_ = 0;                ///< Odd during a commit, another one after it.
};

} // namespace deja
