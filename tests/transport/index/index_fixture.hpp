#pragma once

#include "../../support/postgres_server.hpp"
#include "../../support/results.hpp"
#include "../../support/settable_clock.hpp"
#include "../../support/temporary_folder.hpp"

#include <deja/messages/cached_output.hpp>
#include <deja/messages/catalog.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/index/index_future.hpp>
#include <deja/transport/index/memory_index.hpp>
#include <deja/transport/index/postgres_index.hpp>
#include <deja/transport/index/sqlite_index.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace deja::testing {

using namespace std::chrono_literals;

inline entry_key key_named(std::string name) {
  return {{"org", "project", "domain"}, std::move(name)};
}

inline cacheservice::CachedOutput output_at(const std::string& uri) {
  cacheservice::CachedOutput output;
  output.set_output_uri(uri);
  return output;
}

/// Puts an output that is told from others by its URI.
inline put_operation put(entry_key key, const std::string& uri, put_condition when = {}) {
  const auto output = output_at(uri);
  return {.key = std::move(key),
          .task = "task",
          .output = without_times(output),
          .content = content_digest(output),
          .when = std::move(when)};
}

inline put_operation put(std::string key, const std::string& uri, put_condition when = {}) {
  return put(key_named(std::move(key)), uri, std::move(when));
}

inline delete_operation erase(std::string key, std::optional<std::uint64_t> generation = {}) {
  return {key_named(std::move(key)), generation};
}

inline reserve_operation reserve(std::string key, std::string owner, duration lease = 30s) {
  return {key_named(std::move(key)), std::move(owner), 10s, lease};
}

inline release_operation release(std::string key, std::string owner) {
  return {key_named(std::move(key)), std::move(owner)};
}

inline touch_operation touch(std::string key) {
  return {key_named(std::move(key))};
}

inline std::string uri_of(const shared<entry>& entry) {
  return entry ? parse_message<cacheservice::CachedOutput>(entry->output)->output_uri() : "none";
}

inline std::string owner_of(const std::optional<reservation>& reservation) {
  return reservation ? reservation->owner : "nobody";
}

inline errc code_of(const outcome& done) {
  return done.why ? done.why->code : errc::ok;
}

/// The index's calls, each waiting for its answer.
class blocking_index {
public:
  explicit blocking_index(std::unique_ptr<index> opened) : index_(std::move(opened)) {}

  index& operator*() { return *index_; }

  index* operator->() { return index_.get(); }

  std::vector<outcome> apply(std::vector<operation> operations) {
    return index_future<std::vector<outcome>>(
               [&](auto done) { index_->apply(std::move(operations), std::move(done)); })
        .get();
  }

  outcome apply(operation only) { return apply(std::vector{std::move(only)}).at(0); }

  std::vector<outcome> lookup(std::vector<entry_key> keys) {
    return index_future<std::vector<outcome>>(
               [&](auto done) { index_->lookup(std::move(keys), std::move(done)); })
        .get();
  }

  outcome lookup(entry_key key) { return lookup(std::vector{std::move(key)}).at(0); }

  outcome lookup(std::string key) { return lookup(key_named(std::move(key))); }

  std::string uri(const std::string& key) { return uri_of(lookup(key).entry); }

  result<scan_page> scan(scan_filter filter, std::string cursor = {}) {
    return index_future<result<scan_page>>([&](auto done) {
             index_->scan(std::move(filter), std::move(cursor), std::move(done));
           })
        .get();
  }

  index_statistics statistics() {
    return index_future<result<index_statistics>>(
               [&](auto done) { index_->statistics(std::move(done)); })
        .get()
        .value();
  }

private:
  std::unique_ptr<index> index_;
};

/// A database's clock that stands still until the test moves it: a row that an index on PostgreSQL
/// reads where it would ask the database for the time.
class database_clock : public settable_clock {
public:
  static constexpr const char* sql = "(SELECT now FROM test_clock)";

  explicit database_clock(const std::string& url)
      : database_(postgres::connection::open({.url = url}).value()) {
    run("CREATE TABLE test_clock AS SELECT " + nanoseconds() + " AS now");
  }

  void pass(duration time) override {
    settable_clock::pass(time);
    run("UPDATE test_clock SET now = " + nanoseconds());
  }

private:
  std::string nanoseconds() const {
    return std::to_string(now().time_since_epoch().count()) + "::bigint";
  }

  void run(const std::string& text) { database_.run(postgres::call::text(text)).value(); }

  postgres::connection database_;
};

/// A fresh index of the named backend.
struct index_fixture {
  explicit index_fixture(const std::string& backend) : at(open(backend)) {}

  temporary_folder folder;
  std::shared_ptr<settable_clock> clock = std::make_shared<settable_clock>();
  blocking_index at;

private:
  std::unique_ptr<index> open(const std::string& backend) {
    if (backend == "memory")
      return make_memory_index(clock);
    if (backend.starts_with("sqlite"))
      return make_sqlite_index({.path = folder / "index.sqlite",
                                .clock = clock,
                                .exclusive = backend == "sqlite, exclusive"})
          .value();
    const auto url = postgres_server::shared().fresh_url();
    clock = std::make_shared<database_clock>(url);
    return make_postgres_index({.url = url, .now = database_clock::sql}).value();
  }
};

inline const std::vector<std::string> local_backends = {"memory", "sqlite", "sqlite, exclusive"};

/// All that are installed.
inline const auto all_backends = [] {
  auto all = local_backends;
  if (!postgres_server::programs().empty())
    all.push_back("postgresql");
  return all;
}();

inline const auto backends = boost::unit_test::data::make(all_backends);

/// Those with two clocks: people read the wall clock, leases go by the time since the boot.
inline const auto two_clock_backends = boost::unit_test::data::make(local_backends);

} // namespace deja::testing
