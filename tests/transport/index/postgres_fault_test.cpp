#include "index_fixture.hpp"

#include <atomic>
#include <poll.h>
#include <thread>

namespace {

using namespace deja;
using namespace deja::testing;

boost::test_tools::assertion_result is_installed(boost::unit_test::test_unit_id) {
  return !postgres_server::programs().empty();
}

/// Waits for what happens in another process.
template <class Condition>
void until(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!condition()) {
    BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
    ::poll(nullptr, 0, 2);
  }
}

struct fault_fixture {
  blocking_index open() const {
    return blocking_index{
        make_postgres_index({.url = url, .reconnect = {.first_pause = 5ms, .longest_pause = 50ms}})
            .value()};
  }

  postgres_server& server = postgres_server::shared();
  std::string url = server.fresh_url();
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(an_index_on_a_postgresql_in_trouble,
                      *boost::unit_test::precondition(is_installed))

BOOST_FIXTURE_TEST_CASE(waits_for_one_that_is_down_at_start, fault_fixture) {
  server.stop();
  auto at = open();
  const auto refused = at.apply(put("k", "a"));
  BOOST_TEST(code_of(refused) == errc::unavailable);
  BOOST_TEST(contains(refused.why->message, "tried again in"), refused.why->message);
  BOOST_TEST(code_of(at.lookup("k")) == errc::unavailable);
  BOOST_TEST(code_of(at.scan({})) == errc::unavailable);
  BOOST_TEST(code_of(at->ready()) == errc::unavailable);
  server.start();
  until([&] { return at->ready().has_value(); });
  BOOST_TEST(code_of(at.apply(put("k", "a"))) == errc::ok);
  BOOST_TEST(at.uri("k") == "a");
}

BOOST_FIXTURE_TEST_CASE(loses_nothing_acknowledged_when_it_is_killed, fault_fixture) {
  auto at = open();
  std::atomic<int> acknowledged = 0, maybe = 0, wrong = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::vector<std::string> stored;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer)
    writers.emplace_back([&, writer] {
      for (int n = 0; !stop; ++n) {
        const auto key = std::to_string(writer) + '/' + std::to_string(n);
        const auto done = at.apply({put(key, key), reserve(key, key)});
        if (code_of(done[0]) == errc::ok) {
          ++acknowledged;
          const std::lock_guard lock{mutex};
          stored.push_back(key);
        } else if (code_of(done[0]) == errc::unavailable) {
          ++maybe;
          ::poll(nullptr, 0, 1);
        } else {
          ++wrong;
        }
      }
    });
  for (int round = 0; round < 2; ++round) {
    const int before = acknowledged, failures = maybe;
    until([&] { return acknowledged > before + 200; });
    server.kill();
    until([&] { return maybe > failures; });
    until([&] { return !at->ready(); });
    server.start();
  }
  const int before = acknowledged;
  until([&] { return acknowledged > before; });
  stop = true;
  for (auto& writer : writers)
    writer.join();
  BOOST_TEST(wrong == 0);
  until([&] { return at->ready().has_value(); }); // Look-ups have a connection of their own.
  int missing = 0;
  for (const auto& key : stored) {
    const auto found = at.lookup(key);
    BOOST_REQUIRE(code_of(found) == errc::ok);
    missing += uri_of(found.entry) != key || owner_of(found.reservation) != key;
  }
  BOOST_TEST(missing == 0);
}

BOOST_FIXTURE_TEST_CASE(reads_on_while_it_is_read_only, fault_fixture) {
  auto at = open();
  at.apply(put("k", "a"));
  const auto set_read_only = [&](const std::string& value) {
    auto admin = server.connect(server.url() + "&options=-cdefault_transaction_read_only%3Doff");
    admin.run(postgres::call::text("ALTER SYSTEM SET default_transaction_read_only = " + value))
        .value();
    admin.run(postgres::call::text("SELECT pg_reload_conf()")).value();
  };
  set_read_only("on");
  outcome refused;
  until(
      [&] { return code_of(refused = at.apply(put("l", "a", {.overwrite = true}))) != errc::ok; });
  BOOST_TEST(code_of(refused) == errc::unavailable);
  BOOST_TEST(contains(refused.why->message, "read-only"), refused.why->message);
  BOOST_TEST(at.uri("k") == "a");
  until([&] { return !at->ready() && contains(at->ready().error().message, "read-only"); });
  set_read_only("off");
  until([&] { return at->ready().has_value(); });
  BOOST_TEST(code_of(at.apply(put("m", "a"))) == errc::ok);
}

BOOST_FIXTURE_TEST_CASE(connects_anew_where_its_connections_are_cut, fault_fixture) {
  auto at = open();
  at.apply(put("k", "a"));
  for (int round = 0; round < 5; ++round) {
    server.run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                   "application_name = 'deja' AND pid <> pg_backend_pid()");
    BOOST_TEST(at.uri("k") == "a"); // A look-up is done again.
    until([&] { return at->ready().has_value(); });
    BOOST_TEST(code_of(at.apply(put("k", "a", {.overwrite = true}))) == errc::ok);
  }
}

BOOST_FIXTURE_TEST_CASE(refuses_tables_of_a_newer_version, fault_fixture) {
  open().apply(touch("k"));
  server.connect(url).run(postgres::call::text("UPDATE deja_schema SET version = 97")).value();
  auto at = open();
  const auto refused = at.apply(put("k", "a"));
  BOOST_TEST(code_of(refused) == errc::failed_precondition);
  BOOST_TEST(contains(refused.why->message, "version 97"), refused.why->message);
  BOOST_TEST(contains(refused.why->message, "knows 2"), refused.why->message);
  BOOST_TEST(code_of(at->ready()) == errc::failed_precondition);
  server.connect(url).run(postgres::call::text("UPDATE deja_schema SET version = 2")).value();
  until([&] { return at->ready().has_value(); });
}

BOOST_FIXTURE_TEST_CASE(brings_tables_of_the_first_version_up_to_date, fault_fixture) {
  open().apply(put("k", "a"));
  auto database = server.connect(url);
  for (const auto* sql : {"DROP INDEX deja_item_reserved", "DROP INDEX deja_item_expires",
                          "UPDATE deja_schema SET version = 1"})
    database.run(postgres::call::text(sql)).value();
  auto at = open();
  BOOST_TEST(at.uri("k") == "a");
  const auto indexes =
      database.run(postgres::call::text("SELECT 1 FROM pg_indexes WHERE schemaname = "
                                        "current_schema() AND indexname IN "
                                        "('deja_item_reserved', 'deja_item_expires')"));
  BOOST_TEST(indexes.value().count() == 2);
}

BOOST_FIXTURE_TEST_CASE(says_when_a_statement_takes_too_long, fault_fixture) {
  blocking_index at{make_postgres_index({.url = url, .statement_timeout = 50ms}).value()};
  at.apply(put("k", "a"));
  auto other = server.connect(url);
  other.run(postgres::call::text("BEGIN")).value();
  other.run(postgres::call::text("UPDATE deja_item SET decided = 0")).value();
  const auto refused = at.apply(put("k", "b", {.overwrite = true}));
  BOOST_TEST(code_of(refused) == errc::deadline_exceeded);
  BOOST_TEST(at.uri("k") == "a");
  other.run(postgres::call::text("ROLLBACK")).value();
  BOOST_TEST(code_of(at.apply(put("k", "b", {.overwrite = true}))) == errc::ok);
}

BOOST_FIXTURE_TEST_CASE(refuses_what_is_too_much_to_wait, fault_fixture) {
  blocking_index at{make_postgres_index({.url = url, .most_waiting = 2}).value()};
  const auto refused = at.apply({touch("a"), touch("b"), touch("c")});
  BOOST_TEST(code_of(refused.at(2)) == errc::resource_exhausted);
  BOOST_TEST(contains(refused[0].why->message, "2 operations"), refused[0].why->message);
  BOOST_TEST(code_of(at.apply({touch("a"), touch("b")}).at(0)) == errc::ok);
}

BOOST_AUTO_TEST_CASE(is_refused_where_its_configuration_is_wrong) {
  const auto refusal = [](const postgres_index_config& config) {
    const auto made = make_postgres_index(config);
    return made ? std::string{} : to_string(made.error());
  };
  BOOST_TEST(refusal({.url = "postgresql://h/d?colour=blue"}).starts_with("invalid_argument"));
  BOOST_TEST(contains(refusal({.url = "postgresql://h/d?colour=blue"}), "colour"));
  BOOST_TEST(contains(refusal({.url = "postgresql://h/d", .readers = 0}), "readers is 0"));
  BOOST_TEST(contains(refusal({.url = "postgresql://h/d", .group = 0}), "group is 0"));
  BOOST_TEST(contains(refusal({.url = "postgresql://h/d", .statement_timeout = 0ms}),
                      "statement_timeout"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
