#include <deja/transport/index/sqlite_index.hpp>

#include <deja/messages/prefetch.hpp>
#include <deja/transport/file_lock.hpp>
#include <deja/transport/index/hot_rows.hpp>
#include <deja/transport/index/index_lock.hpp>
#include <deja/transport/index/scan.hpp>
#include <deja/transport/index/sqlite_checkpointer.hpp>
#include <deja/transport/index/sqlite_rows.hpp>
#include <deja/transport/quiet_thread.hpp>

#include <condition_variable>
#include <mutex>
#include <sys/stat.h>

namespace deja {

namespace {

/// What is mapped of the file. Reading a small one is quicker by that; with much of a large one
/// mapped the process would seem to hold that much memory, and look-ups in it gained nothing.
constexpr std::size_t map_bytes = std::size_t{64} << 20;

/// For the pages that the writer changes, 16 MiB: rows lie by digests, so any may be next.
constexpr const char* writer_cache = "PRAGMA cache_size=-16384";

/// What one thread reads with.
struct reader {
  sqlite::database database;
  sqlite_rows rows;
  std::optional<std::uint64_t> snapshot{}; ///< In a transaction, since so many commits.
  std::optional<file_lock> shared{};       ///< While it is lent, where the file is not ours alone.
};

/// Which file a path leads to.
struct file_identity {
  static std::optional<file_identity> of(const std::filesystem::path& path) {
    struct stat found {};

    if (::stat(path.c_str(), &found) != 0)
      return std::nullopt;
    return file_identity{found.st_dev, found.st_ino};
  }

  bool operator==(const file_identity&) const = default;

  dev_t device;
  ino_t inode;
};

/// What a transaction has changed so far.
class row_changes {
public:
  void put(const digest& id, hot_rows::row now) {
    const auto [place, is_new] = places_.try_emplace(id, all_.size());
    if (is_new)
      all_.push_back({id, std::move(now)});
    else
      all_[place->second].now = std::move(now);
  }

  /// Null where that key is unchanged.
  hot_rows::row find(const digest& id) const {
    const auto place = places_.find(id);
    return place == places_.end() ? nullptr : all_[place->second].now;
  }

  std::span<const hot_rows::change> all() const { return all_; }

private:
  std::vector<hot_rows::change> all_;
  digest_map<std::size_t> places_;
};

class sqlite_index final : public index {
public:
  sqlite_index(sqlite_index_config config, std::optional<file_lock> alone,
               sqlite::database database, sqlite_rows rows)
      : config_(std::move(config)), alone_(std::move(alone)), database_(std::move(database)),
        rows_(std::move(rows)), file_(file_identity::of(config_.path)),
        hot_(config_.exclusive ? config_.hot_bytes : 0),
        checkpoints_(config_.path, {}, [this] { end_snapshots(); }) {
    database_.leave_checkpoints_to_others();
  }

  ~sqlite_index() override {
    {
      std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    wake_.notify_one();
    if (writer_.joinable())
      writer_.join();
  }

  void apply(std::vector<operation> operations, outcomes done) override {
    {
      std::lock_guard lock{mutex_};
      waiting_.push_back({std::move(operations), std::move(done)});
      // A process that only looks up never pays for the thread.
      if (!writer_.joinable())
        writer_ = quiet_thread([this] { write(); });
    }
    wake_.notify_one();
  }

  void lookup(many<entry_key> keys, outcomes done) override {
    const auto ids = primary_keys(*keys);
    const auto context = moment();
    auto found = config_.exclusive ? look_up_hot(*keys, ids) : look_up(*keys, ids, {});
    if (!found)
      return done({keys->size(), outcome{.why = found.error()}});
    for (const auto& row : *found)
      prefetch(row->entry.pointer().get());
    std::vector<outcome> all;
    all.reserve(keys->size());
    for (const auto& row : *found)
      all.push_back(visible(*row, context));
    done(std::move(all));
  }

  void scan(scan_filter filter, std::string cursor,
            std::function<void(result<scan_page>)> done) override {
    auto lent = borrow_unmapped();
    if (!lent)
      return done(lent.error());
    done(sqlite_rows::scan((*lent)->database, filter, cursor, moment()));
  }

  // Piece by piece, for what a long transaction reads can't leave the log meanwhile.
  void statistics(std::function<void(result<index_statistics>)> done) override {
    index_statistics total;
    for (unsigned first_byte = 0; first_byte < 256; ++first_byte) {
      auto lent = borrow();
      if (!lent)
        return done(lent.error());
      const auto counted = in_snapshot(
          **lent, [&] { return sqlite_rows::add_counts((*lent)->database, first_byte, total); });
      give_back(std::move(*lent));
      if (!counted)
        return done(counted.error());
    }
    done(total);
  }

  void watch(std::function<void(std::span<const entry_key>)> on_change) override {
    std::lock_guard lock{watch_mutex_};
    on_change_ = std::move(on_change);
  }

  result<void> ready() override {
    if (const auto now = file_identity::of(config_.path); !now || now != file_)
      return error{errc::failed_precondition, "database " + config_.path.string() +
                                                  ": the file has been moved or removed while it "
                                                  "was in use; start anew"};
    auto lent = borrow();
    if (!lent)
      return lent.error();
    auto version = (*lent)->database.number("PRAGMA user_version");
    give_back(std::move(*lent));
    if (!version)
      return version.error();
    return {};
  }

private:
  using access = sqlite::database::access;

  struct group {
    std::vector<operation> operations;
    outcomes done;
  };

  decision_context moment() const {
    return {config_.clock->now(), config_.clock->since_boot(), {}};
  }

  // The file's lock for one use; none where it is held all the time.
  result<std::optional<file_lock>> share() const {
    if (alone_)
      return std::nullopt;
    auto shared = file_lock::share(lock_);
    if (!shared)
      return shared.error();
    return std::optional{std::move(*shared)};
  }

  result<std::unique_ptr<reader>> borrow() {
    auto shared = share();
    if (!shared)
      return shared.error();
    auto lent = idle_reader();
    if (lent)
      (*lent)->shared = std::move(*shared);
    return lent;
  }

  result<std::unique_ptr<reader>> idle_reader() {
    {
      std::lock_guard lock{readers_mutex_};
      if (!readers_.empty()) {
        auto lent = std::move(readers_.back());
        readers_.pop_back();
        return lent;
      }
    }
    auto database =
        sqlite::database::open(config_.path, {.read_only = true,
                                              .busy_timeout = config_.busy_timeout,
                                              .map_bytes = config_.exclusive ? map_bytes : 0});
    if (!database)
      return database.error();
    auto rows = sqlite_rows::prepare_reads(*database);
    if (!rows)
      return rows.error();
    return std::make_unique<reader>(std::move(*database), std::move(*rows));
  }

  void give_back(std::unique_ptr<reader> lent) {
    lent->shared.reset();
    std::lock_guard lock{readers_mutex_};
    if (lent->snapshot && (committing_ || *lent->snapshot != commits_))
      end_snapshot(*lent);
    if (readers_.size() < config_.readers)
      readers_.push_back(std::move(lent));
  }

  // For what reads much of the file, which would stay mapped. It is not given back.
  result<std::unique_ptr<reader>> borrow_unmapped() {
    auto lent = borrow();
    if (!lent)
      return lent;
    if ((*lent)->snapshot)
      end_snapshot(**lent); // A page of it may be in use.
    if (auto done = (*lent)->database.run("PRAGMA mmap_size=0"); !done)
      return done.error();
    return lent;
  }

  // Does the reading in one transaction. Beginning and ending it costs as much as a look-up, so
  // where nobody else writes it is kept until the next commit.
  result<void> in_snapshot(reader& with, const std::function<result<void>()>& read) {
    if (!config_.exclusive)
      return with.database.transaction(access::read, read);
    if (!with.snapshot) {
      {
        std::lock_guard lock{readers_mutex_};
        with.snapshot = commits_;
      }
      if (auto begun = with.database.run("BEGIN"); !begun) {
        with.snapshot.reset();
        return begun;
      }
    }
    auto done = read();
    if (!done)
      end_snapshot(with);
    return done;
  }

  static void end_snapshot(reader& with) {
    with.snapshot.reset();
    (void)with.database.run("ROLLBACK"); // of what was only read
  }

  // From when a commit may show in the file until its end can be told to all at once, what it
  // changes is found in the file alone, by transactions begun meanwhile: SQLite shows no old row
  // to any that begins after another has seen the new one.
  void begin_commit(std::span<const hot_rows::change> changes) {
    hot_.begin_commit(changes);
    {
      std::lock_guard lock{readers_mutex_};
      committing_ = true;
    }
    end_snapshots();
  }

  void end_commit(std::span<const hot_rows::change> changes) {
    hot_.end_commit(changes);
    std::lock_guard lock{readers_mutex_};
    committing_ = false;
    ++commits_; // what was begun meanwhile may show the old rows
  }

  // Kept snapshots would keep old pages in the log, and show old rows.
  void end_snapshots() {
    std::lock_guard lock{readers_mutex_};
    ++commits_;
    for (auto& idle : readers_)
      if (idle->snapshot)
        end_snapshot(*idle);
  }

  // Rows as memory has them and as the file has them, all of one moment: a group of operations is
  // seen whole or not at all.
  result<std::vector<hot_rows::row>> look_up_hot(std::span<const entry_key> keys,
                                                 std::span<const digest> ids) {
    std::uint64_t era = 0;
    auto rows = hot_.find(ids, era);
    std::vector<std::size_t> missing;
    for (std::size_t at = 0; at < rows.size(); ++at)
      if (!rows[at])
        missing.push_back(at);
    if (missing.empty())
      return rows;
    auto all = look_up(keys, ids, std::move(rows));
    if (!all)
      return all;
    std::vector<hot_rows::change> read;
    read.reserve(missing.size());
    for (const auto at : missing)
      read.push_back({ids[at], (*all)[at]});
    if (!hot_.offer(read, era) && read.size() < keys.size())
      return look_up(keys, ids, {}); // some were found before a commit, and some read after it
    return all;
  }

  // The rows that are not known yet, in one transaction.
  result<std::vector<hot_rows::row>> look_up(std::span<const entry_key> keys,
                                             std::span<const digest> ids,
                                             std::vector<hot_rows::row> rows) {
    rows.resize(keys.size());
    auto lent = borrow();
    if (!lent)
      return lent.error();
    std::vector<sqlite_rows::wanted> missing;
    for (std::size_t at = 0; at < keys.size(); ++at)
      if (!rows[at])
        missing.push_back({ids[at], keys[at]});
    const auto read = in_snapshot(**lent, [&]() -> result<void> {
      auto states = (*lent)->rows.load((*lent)->database, missing);
      if (!states)
        return states.error();
      auto next = states->begin();
      for (auto& row : rows)
        if (!row)
          row = std::make_shared<const stored_state>(std::move(*next++));
      return {};
    });
    give_back(std::move(*lent));
    if (!read)
      return read.error();
    return rows;
  }

  // The writer's thread: all that waits becomes one transaction.
  void write() {
    std::unique_lock lock{mutex_};
    const auto called = [this] {
      return stopping_ || !waiting_.empty();
    };
    for (bool tidy = true;;) {
      if (tidy)
        wake_.wait(lock, called);
      else if (!wake_.wait_for(lock, checkpoints_.idle(), called)) {
        lock.unlock();
        tidy = tidy_up();
        lock.lock();
        continue;
      }
      if (waiting_.empty())
        return;
      auto groups = std::exchange(waiting_, {});
      lock.unlock();
      commit(groups);
      tidy = false;
      lock.lock();
    }
  }

  // Whether nothing is left to do; another that has the file alone does it by itself.
  bool tidy_up() {
    const auto shared = share();
    return !shared || checkpoints_.when_idle(database_);
  }

  void commit(std::span<group> groups) {
    std::vector<std::vector<outcome>> results;
    row_changes changes;
    bool decided = false;
    const auto decide_and_begin = [&]() -> result<void> {
      if (auto all = decide_all(groups, results, changes); !all)
        return all;
      decided = true;
      begin_commit(changes.all());
      return {};
    };
    const auto shared = share();
    const auto done = shared ? database_.transaction(access::write, decide_and_begin)
                             : result<void>{shared.error()};
    if (decided)
      end_commit(done ? changes.all() : std::span<const hot_rows::change>{});
    if (!done && groups.size() > 1 && done.error().code != errc::unavailable) {
      // No group takes others down with it.
      for (auto& alone : groups)
        commit({&alone, 1});
      return;
    }
    if (done)
      tell_watcher(groups, results);
    for (std::size_t at = 0; at < groups.size(); ++at) {
      auto& [operations, tell] = groups[at];
      if (done)
        tell(std::move(results[at]));
      else
        tell({operations.size(), outcome{.why = done.error()}});
    }
    checkpoints_.after_commit(database_);
  }

  // What lies under a key, with the changes of the same transaction.
  result<hot_rows::row> before_operation(const digest& id, const entry_key& key,
                                         const row_changes& changes) {
    if (auto changed = changes.find(id))
      return changed;
    std::uint64_t era = 0;
    if (auto hot = hot_.find({&id, 1}, era).front())
      return hot;
    auto state = rows_.load({id, key});
    if (!state)
      return state.error();
    return std::make_shared<const stored_state>(std::move(*state));
  }

  // Nobody else should write a file that is ours alone; but what is decided must be right even so.
  result<void> forget_if_changed() {
    const auto version = database_.number("PRAGMA data_version"); // only others' commits change it
    if (!version)
      return version.error();
    if (std::exchange(version_, *version) != *version) {
      hot_.forget();
      end_snapshots();
    }
    return {};
  }

  result<void> decide_all(std::span<const group> groups, std::vector<std::vector<outcome>>& results,
                          row_changes& changes) {
    if (config_.exclusive)
      if (auto known = forget_if_changed(); !known)
        return known.error();
    auto last = rows_.last_number();
    if (!last)
      return last.error();
    const auto before = *last;
    auto context = moment();
    context.next_number = [&] {
      return ++*last;
    };
    for (const auto& [operations, tell] : groups) {
      auto& decided = results.emplace_back();
      decided.reserve(operations.size());
      for (const auto& operation : operations) {
        const auto id = primary_key(key_of(operation));
        auto state = before_operation(id, key_of(operation), changes);
        if (!state)
          return state.error();
        auto changed = **state;
        decided.push_back(decide(operation, changed, context));
        const auto written = rows_.store(id, **state, changed);
        if (!written)
          return written.error();
        if (config_.exclusive)
          changes.put(id, *written ? std::make_shared<const stored_state>(std::move(changed))
                                   : std::move(*state));
      }
    }
    if (*last != before)
      return rows_.set_last_number(*last);
    return {};
  }

  void tell_watcher(std::span<const group> groups,
                    const std::vector<std::vector<outcome>>& results) {
    std::lock_guard lock{watch_mutex_};
    if (!on_change_)
      return;
    for (std::size_t at = 0; at < groups.size(); ++at)
      if (const auto changed = changed_keys(groups[at].operations, results[at]); !changed.empty())
        on_change_(changed);
  }

  const sqlite_index_config config_;
  const std::filesystem::path lock_ = index_lock(config_.path);
  const std::optional<file_lock> alone_;

  // The writer's alone, once its thread runs.
  sqlite::database database_;
  sqlite_rows rows_;
  std::int64_t version_ = 0;

  const std::optional<file_identity> file_;

  std::mutex mutex_; ///< For what follows.
  std::condition_variable wake_;
  std::vector<group> waiting_;
  bool stopping_ = false;
  std::thread writer_;

  hot_rows hot_;

  std::mutex readers_mutex_; ///< For what follows.
  std::vector<std::unique_ptr<reader>> readers_;
  std::uint64_t commits_ = 0;
  bool committing_ = false; ///< Then no snapshot is kept.

  std::mutex watch_mutex_;
  std::function<void(std::span<const entry_key>)> on_change_;

  sqlite_checkpointer checkpoints_; ///< Uses what stands above.
};

} // namespace

result<void> sqlite_index_config::validate() const {
  if (path.empty())
    return error{errc::invalid_argument, "SQLite index: path is empty"};
  if (!clock)
    return error{errc::invalid_argument, "SQLite index: there is no clock"};
  if (busy_timeout.count() < 0 || busy_timeout > std::chrono::hours{1})
    return error{errc::invalid_argument, "SQLite index: busy_timeout is " +
                                             std::to_string(busy_timeout.count()) +
                                             " ms; 0 to 3600000 are possible"};
  return {};
}

result<std::unique_ptr<index>> make_sqlite_index(sqlite_index_config config) {
  if (auto valid = config.validate(); !valid)
    return valid.error();
  // Readers are opened later, perhaps from another working folder.
  std::error_code problem;
  const auto whole = std::filesystem::absolute(config.path, problem);
  if (problem)
    return error{errc::failed_precondition,
                 "database " + config.path.string() + ": no working folder: " + problem.message()};
  config.path = whole;
  auto database = sqlite::database::open(
      config.path, {.busy_timeout = config.busy_timeout, .full_sync = config.full_sync});
  if (!database)
    return database.error();
  const auto lock = index_lock(config.path); // of a file that is there now
  auto held =
      config.exclusive ? file_lock::take(lock, config.busy_timeout) : file_lock::share(lock);
  if (!held)
    return held.error();
  if (auto ready = migrate(*database, *config.clock, config.busy_timeout); !ready)
    return ready.error();
  if (auto done = database->run(writer_cache); !done)
    return done.error();
  auto rows = sqlite_rows::prepare_all(*database);
  if (!rows)
    return rows.error();
  std::optional<file_lock> alone;
  if (config.exclusive)
    alone = std::move(*held);
  return std::make_unique<sqlite_index>(std::move(config), std::move(alone), std::move(*database),
                                        std::move(*rows));
}

} // namespace deja
