#include <deja/transport/index/postgres_index.hpp>

#include <deja/transport/index/postgres_decision.hpp>
#include <deja/transport/index/postgres_notices.hpp>
#include <deja/transport/index/postgres_rows.hpp>
#include <deja/transport/index/postgres_schema.hpp>
#include <deja/transport/index/scan.hpp>

#include <algorithm>

namespace deja {

namespace {

/// How often a transaction is tried that the database gave up for another's sake.
constexpr int attempts = 3;

/// So many bytes of outputs wait or go together as one more operation.
constexpr std::size_t bytes_as_one = 8192;

struct write_job {
  std::size_t size() const {
    std::size_t bytes = 0;
    for (const auto& one : operations)
      if (const auto* put = std::get_if<put_operation>(&one))
        bytes += put->output.size();
    return operations.size() + bytes / bytes_as_one;
  }

  void refuse(const error& why) const {
    done(std::vector<outcome>(operations.size(), outcome{.why = why}));
  }

  std::vector<operation> operations;
  index::outcomes done;
};

struct lookup_job {
  std::size_t size() const { return keys->size(); }

  void refuse(const error& why) const {
    done(std::vector<outcome>(keys->size(), outcome{.why = why}));
  }

  many<entry_key> keys;
  index::outcomes done;
  bool tried = false;
};

/// A listing or a count: what may take long.
struct listing_job {
  std::size_t size() const { return 1; }

  void refuse(const error& why) const { work(why); }

  std::function<void(result<postgres::connection*>)> work;
};

result<void> prepare(postgres::connection& database,
                     const std::vector<postgres::statement>& statements) {
  if (auto made = migrate(database); !made)
    return made;
  for (const auto& statement : statements)
    if (auto done = database.prepare(statement); !done)
      return done;
  return {};
}

/// After some failures a new connection helps: to another primary, or to tables made anew.
void lose_where_useless(postgres::connection& database, const error& why) {
  if (why.code == errc::unavailable || why.code == errc::failed_precondition)
    database.lose();
}

class postgres_index final : public index {
public:
  explicit postgres_index(const postgres_index_config& config)
      : config_(config), notices_(worker_config(false), [this](auto keys) { tell_watcher(keys); }),
        lister_(worker_config(false), listing()), writer_(worker_config(true), writing()) {
    for (std::size_t count = 0; count < config_.readers; ++count)
      readers_.push_back(
          std::make_unique<postgres_worker<lookup_job>>(worker_config(false), reading()));
  }

  void apply(std::vector<operation> operations, outcomes done) override {
    if (operations.empty())
      return done({});
    writer_.submit({std::move(operations), std::move(done)});
  }

  void lookup(many<entry_key> keys, outcomes done) override {
    if (keys->empty())
      return done({});
    const auto idlest = std::min_element(readers_.begin(), readers_.end(),
                                         [](auto& a, auto& b) { return a->load() < b->load(); });
    (*idlest)->submit({std::move(keys), std::move(done)});
  }

  void scan(scan_filter filter, std::string cursor,
            std::function<void(result<scan_page>)> done) override {
    list(std::move(done), [filter = std::move(filter), cursor = std::move(cursor)](auto& database) {
      return postgres_rows::scan(database, filter, cursor);
    });
  }

  void statistics(std::function<void(result<index_statistics>)> done) override {
    list(std::move(done), postgres_rows::statistics);
  }

  void watch(std::function<void(std::span<const entry_key>)> on_change) override {
    const std::lock_guard lock{watch_mutex_};
    on_change_ = std::move(on_change);
  }

  result<void> ready() override {
    if (auto state = writer_.state(); !state)
      return state;
    for (const auto& reader : readers_)
      if (auto state = reader->state(); !state)
        return state;
    return {};
  }

private:
  postgres_worker_config worker_config(bool writable) const {
    return {.database = {.url = config_.url,
                         .writable = writable,
                         .connect_timeout = config_.connect_timeout,
                         .statement_timeout = config_.statement_timeout},
            .reconnect = config_.reconnect,
            .most_waiting = config_.most_waiting,
            .batch = config_.group};
  }

  postgres_worker<write_job>::behaviour writing() {
    return {.prepare =
                [this](auto& database) {
                  return prepare(database, postgres_decision::statements(config_.now));
                },
            .serve =
                [this](auto& database, std::vector<write_job> jobs) {
                  commit(database, jobs);
                  return std::vector<write_job>{};
                },
            .listen =
                [](auto&) {
                }};
  }

  postgres_worker<lookup_job>::behaviour reading() {
    return {
        .prepare =
            [this](auto& database) {
              return prepare(database, postgres_rows::statements(config_.now));
            },
        .serve = [](auto& database,
                    std::vector<lookup_job> jobs) { return look_up(database, std::move(jobs)); },
        .listen =
            [](auto&) {
            }};
  }

  template <class Done, class Work>
  void list(Done done, Work work) {
    lister_.submit({[done = std::move(done), work = std::move(work)](const auto& database) {
      if (!database)
        return done(database.error());
      auto listed = work(**database);
      if (!listed)
        lose_where_useless(**database, listed.error());
      done(std::move(listed));
    }});
  }

  postgres_worker<listing_job>::behaviour listing() {
    return {.prepare = reading().prepare,
            .serve =
                [](auto& database, const std::vector<listing_job>& jobs) {
                  for (const auto& job : jobs)
                    job.work(&database);
                  return std::vector<listing_job>{};
                },
            .listen =
                [](auto&) {
                }};
  }

  static std::vector<lookup_job> look_up(postgres::connection& database,
                                         std::vector<lookup_job> jobs) {
    std::vector<entry_key> all;
    for (const auto& job : jobs)
      all.insert(all.end(), job.keys->begin(), job.keys->end());
    auto found = postgres_rows::lookup(database, all);
    std::vector<lookup_job> again;
    if (!found)
      lose_where_useless(database, found.error());
    auto next = found ? found->begin() : std::vector<outcome>::iterator{};
    for (auto& job : jobs) {
      if (found) {
        const auto end = next + static_cast<std::ptrdiff_t>(job.keys->size());
        job.done({std::make_move_iterator(next), std::make_move_iterator(end)});
        next = end;
      } else if (database.lost() && !job.tried) { // A look-up may be done twice.
        job.tried = true;
        again.push_back(std::move(job));
      } else {
        job.refuse(found.error());
      }
    }
    return again;
  }

  // All that waits is one transaction.
  void commit(postgres::connection& database, std::span<write_job> jobs) {
    std::vector<const operation*> all;
    for (const auto& job : jobs)
      for (const auto& one : job.operations)
        all.push_back(&one);
    const postgres_decision decision{std::move(all)};
    const auto transaction = decision.transaction();
    auto answers = database.run(transaction);
    for (int tried = 1; !answers && answers.error().code == errc::aborted && tried < attempts;
         ++tried)
      answers = database.run(transaction); // It certainly did not happen.
    if (!answers)
      return commit_failed(database, jobs, answers.error());
    auto decided = decision.outcomes(*answers);
    auto next = decided.begin();
    for (const auto& job : jobs) {
      const auto end = next + static_cast<std::ptrdiff_t>(job.operations.size());
      tell_changes(job.operations, {next, end});
      job.done({std::make_move_iterator(next), std::make_move_iterator(end)});
      next = end;
    }
  }

  void commit_failed(postgres::connection& database, std::span<write_job> jobs, const error& why) {
    lose_where_useless(database, why);
    if (database.lost() || jobs.size() == 1) {
      for (const auto& job : jobs)
        job.refuse(why);
      return;
    }
    // No group takes others down with it.
    for (auto& alone : jobs) {
      if (database.lost())
        alone.refuse(why);
      else
        commit(database, {&alone, 1});
    }
  }

  void tell_changes(std::span<const operation> operations, std::span<const outcome> decided) {
    auto changed = changed_keys(operations, decided);
    if (changed.empty())
      return;
    tell_watcher(changed);
    if (config_.announce)
      notices_.announce(std::move(changed));
  }

  void tell_watcher(std::span<const entry_key> changed) {
    const std::lock_guard lock{watch_mutex_};
    if (on_change_)
      on_change_(changed);
  }

  const postgres_index_config config_;

  std::mutex watch_mutex_;
  std::function<void(std::span<const entry_key>)> on_change_;

  // Each has a thread that uses what stands above it.
  postgres_notices notices_;
  postgres_worker<listing_job> lister_;
  std::vector<std::unique_ptr<postgres_worker<lookup_job>>> readers_;
  postgres_worker<write_job> writer_;
};

error out_of_range(const std::string& field, long long value, const std::string& possible) {
  return {errc::invalid_argument, "PostgreSQL index: " + field + " is " + std::to_string(value) +
                                      "; " + possible + " are possible"};
}

} // namespace

result<void> postgres_index_config::validate() const {
  using namespace std::chrono_literals;
  if (auto known = postgres::check_url(url); !known)
    return known;
  if (connect_timeout < 1ms || connect_timeout > 1h)
    return out_of_range("connect_timeout in ms", connect_timeout.count(), "1 to 3600000");
  if (statement_timeout < 1ms || statement_timeout > 1h)
    return out_of_range("statement_timeout in ms", statement_timeout.count(), "1 to 3600000");
  if (readers < 1 || readers > 64)
    return out_of_range("readers", static_cast<long long>(readers), "1 to 64");
  if (group < 1 || group > 10'000)
    return out_of_range("group", static_cast<long long>(group), "1 to 10000");
  if (most_waiting < 1)
    return out_of_range("most_waiting", 0, "1 and more");
  if (reconnect.first_pause < 1ms || reconnect.longest_pause < reconnect.first_pause)
    return error{errc::invalid_argument, "PostgreSQL index: reconnect wants a first_pause of at "
                                         "least 1 ms and a longest_pause not below it"};
  return {};
}

result<std::unique_ptr<index>> make_postgres_index(postgres_index_config config) {
  if (auto valid = config.validate(); !valid)
    return valid.error();
  return std::make_unique<postgres_index>(config);
}

} // namespace deja
