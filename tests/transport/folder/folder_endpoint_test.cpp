#include "../../support/results.hpp"
#include "../../support/temporary_folder.hpp"
#include "fake_services.hpp"

#include <deja/transport/index/sqlite.hpp>

#include <boost/test/unit_test.hpp>

#include <thread>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

const entry_key key{{"o", "p", "d"}, "k"};
const call_context in_time{.id = 0, .time_left = 30s, .traceparent = {}};

cacheservice::CachedOutput output_at(const std::string& uri) {
  cacheservice::CachedOutput output;
  output.set_output_uri(uri);
  return output;
}

struct endpoint_fixture {
  std::unique_ptr<cache_endpoint> open(const fs::path& index = {}) {
    return make_folder_endpoint(folder, {}, index, fake_services(service));
  }

  /// A service takes the folder; it answers all calls.
  void service_starts() { held.emplace(folder.take(0s).value()); }

  void service_ends() { held.reset(); }

  temporary_folder parent;
  data_folder folder = data_folder::open(parent / "data").value();
  std::shared_ptr<fake_service_state> service =
      std::make_shared<fake_service_state>(fake_service_state{{}, {}, [] {
                                                                return result<void>{};
                                                              }});
  std::string socket = (parent / "data/socket").string();
  std::optional<file_lock> held;
  std::unique_ptr<cache_endpoint> at = open();
};

BOOST_FIXTURE_TEST_SUITE(an_endpoint_of_a_folder, endpoint_fixture)

BOOST_AUTO_TEST_CASE(gets_what_was_put) {
  BOOST_TEST(code_of(at->get(in_time, key)) == errc::not_found);
  BOOST_TEST((at->put(in_time, key, output_at("a"), {}).value() == put_status::stored));
  BOOST_TEST((at->put(in_time, key, output_at("a"), {}).value() == put_status::already_same));
  BOOST_TEST((at->put(in_time, key, output_at("b"), {}).value() == put_status::already_other));
  const auto found = at->get(in_time, key).value();
  BOOST_TEST(found.output->output_uri() == "a");
  BOOST_TEST(found.output->metadata().has_created_at());
  BOOST_TEST(found.output->metadata().has_last_updated_at());
  BOOST_TEST((at->put(in_time, key, output_at("b"), {.generation = found.generation}).value() ==
              put_status::stored));
  BOOST_TEST(code_of(at->remove(in_time, key)) == errc::ok);
  BOOST_TEST(code_of(at->remove(in_time, key)) == errc::not_found);
  BOOST_TEST(service->calls.empty());
}

BOOST_AUTO_TEST_CASE(reserves_and_releases) {
  const auto mine = at->reserve(in_time, key, "me", 2s).value();
  BOOST_TEST(mine.owner == "me");
  BOOST_TEST((mine.heartbeat == 2s));
  BOOST_TEST((mine.expires - mine.since == 6s));
  BOOST_TEST(at->reserve(in_time, key, "you", 2s).value().owner == "me");
  BOOST_TEST(code_of(at->put(in_time, key, output_at("a"), {.held = fence{"you", 0}})) ==
             errc::failed_precondition);
  BOOST_TEST(
      (at->put(in_time, key, output_at("a"), {.held = fence{"me", mine.fencing_token}}).value() ==
       put_status::stored));
  BOOST_TEST(code_of(at->release(in_time, key, "you")) == errc::ok);
  BOOST_TEST(at->reserve(in_time, key, "you", 2s).value().owner == "me");
  BOOST_TEST(code_of(at->release(in_time, key, "me")) == errc::ok);
  BOOST_TEST(at->reserve(in_time, key, "you", 2s).value().owner == "you");
}

BOOST_AUTO_TEST_CASE(refuses_what_the_rules_refuse) {
  const entry_key none{{}, ""};
  BOOST_TEST(code_of(at->get(in_time, none)) == errc::invalid_argument);
  BOOST_TEST(code_of(at->put(in_time, key, {}, {})) == errc::invalid_argument);
  BOOST_TEST(code_of(at->reserve(in_time, key, "", 1s)) == errc::invalid_argument);
  BOOST_TEST(code_of(at->release(in_time, key, "")) == errc::invalid_argument);
  BOOST_TEST(code_of(at->remove(in_time, none)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(takes_many_items_and_tells_what_became_of_each) {
  const entry_key none{{}, ""}, other{{"o", "p", "d"}, "other"};
  const std::vector<entry_put> puts{{key, output_at("a"), {}},
                                    {none, output_at("a"), {}},
                                    {key, output_at("b"), {}},
                                    {other, output_at("a"), {}}};
  const auto put = at->put_many(in_time, puts);
  BOOST_TEST((put.at(0).value() == put_status::stored));
  BOOST_TEST(code_of(put.at(1)) == errc::invalid_argument);
  BOOST_TEST((put.at(2).value() == put_status::already_other));
  BOOST_TEST((put.at(3).value() == put_status::stored));
  const auto found = at->get_many(in_time, std::vector{none, key, entry_key{{}, "missing"}});
  BOOST_TEST(code_of(found.at(0)) == errc::invalid_argument);
  BOOST_TEST(found.at(1).value().output->output_uri() == "a");
  BOOST_TEST(code_of(found.at(2)) == errc::not_found);
  at->reserve(in_time, other, "you", 1s).value();
  const auto reserved = at->reserve_many(
      in_time, std::vector<reservation_request>{{key, "me", 1s}, {other, "me", 1s}, {key, "", 1s}});
  BOOST_TEST(reserved.at(0).value().owner == "me");
  BOOST_TEST(reserved.at(1).value().owner == "you");
  BOOST_TEST(code_of(reserved.at(2)) == errc::invalid_argument);
  const auto released = at->release_many(
      in_time, std::vector<release_request>{{key, "me"}, {other, "me"}, {none, "me"}});
  BOOST_TEST(code_of(released.at(1)) == errc::ok);
  BOOST_TEST(code_of(released.at(2)) == errc::invalid_argument);
  BOOST_TEST(at->reserve(in_time, key, "you", 1s).value().owner == "you");
  BOOST_TEST(at->reserve(in_time, other, "me", 1s).value().owner == "you");
  BOOST_TEST(at->get_many(in_time, {}).empty());
}

BOOST_AUTO_TEST_CASE(asks_the_service_for_many_items_too) {
  service_starts();
  const auto found = at->get_many(in_time, std::vector{key, key});
  BOOST_TEST(found.at(1).value().output->output_uri() == "from the service");
  BOOST_TEST(code_of(at->wait(in_time, {key, {}, false})) == errc::unimplemented);
}

BOOST_AUTO_TEST_CASE(waits_until_something_has_come_of_a_key) {
  const wait_request wanted{key, {}, false};
  BOOST_TEST((at->wait(in_time, wanted).value().event == wait_event::not_reserved));
  const auto other = open();
  other->reserve(in_time, key, "you", 10s).value();
  const call_context shortly{.id = 0, .time_left = 1ms, .traceparent = {}};
  const auto in_vain = at->wait(shortly, wanted).value();
  BOOST_TEST((in_vain.event == wait_event::timeout));
  BOOST_TEST(in_vain.holder.value().owner == "you");
  std::thread computing{[&] {
    other->put(in_time, key, output_at("a"), {}).value();
  }};
  const auto told = at->wait(in_time, wanted).value();
  computing.join();
  BOOST_TEST((told.event == wait_event::entry));
  std::thread releasing{[&] {
    other->release(in_time, key, "you").value();
  }};
  const auto released = at->wait(in_time, {key, told.generation, false}).value();
  releasing.join();
  BOOST_TEST((released.event == wait_event::released ||
              released.event == wait_event::not_reserved)); // it may have looked after it
  BOOST_TEST(code_of(at->wait(in_time, {entry_key{}, {}, false})) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(shares_the_folder_with_others) {
  const auto other = open();
  BOOST_TEST((at->put(in_time, key, output_at("a"), {}).value() == put_status::stored));
  BOOST_TEST(other->get(in_time, key).value().output->output_uri() == "a");
  BOOST_TEST(other->reserve(in_time, key, "other", 1s).value().owner == "other");
  BOOST_TEST(at->reserve(in_time, key, "me", 1s).value().owner == "other");
  BOOST_TEST(code_of(folder.take(0s)) == errc::ok); // Between calls it holds nothing.
}

BOOST_AUTO_TEST_CASE(asks_the_service_while_it_holds_the_folder) {
  at->put(in_time, key, output_at("ours"), {}).value();
  service_starts();
  BOOST_TEST(at->get(in_time, key).value().output->output_uri() == "from the service");
  BOOST_TEST((at->put(in_time, key, output_at("a"), {}).value() == put_status::already_other));
  BOOST_TEST(code_of(at->remove(in_time, key)) == errc::ok);
  BOOST_TEST(at->reserve(in_time, key, "me", 1s).value().owner == "somebody at the service");
  BOOST_TEST(code_of(at->release(in_time, key, "me")) == errc::ok);
  service_ends();
  BOOST_TEST(at->get(in_time, key).value().output->output_uri() == "ours");
  const std::vector<std::string> expected = {socket + ": get k", socket + ": put k",
                                             socket + ": remove k", socket + ": reserve k for me",
                                             socket + ": release k of me"};
  BOOST_TEST(service->calls == expected, boost::test_tools::per_element());
  for (const auto left : service->times_left)
    BOOST_TEST((left > 0s && left <= 30s));
}

BOOST_AUTO_TEST_CASE(waits_for_a_service_that_starts) {
  service_starts();
  int asked = 0;
  service->answer = [&]() -> result<void> {
    if (++asked < 4)
      return error{errc::unavailable, "it does not listen yet"};
    return {};
  };
  BOOST_TEST(at->get(in_time, key).value().output->output_uri() == "from the service");
  BOOST_TEST(asked == 4);
  BOOST_TEST((service->times_left.back() < service->times_left.front()));
}

BOOST_AUTO_TEST_CASE(goes_on_alone_where_the_service_ends_meanwhile) {
  at->put(in_time, key, output_at("ours"), {}).value();
  service_starts();
  service->answer = [&]() -> result<void> {
    service_ends();
    return error{errc::unavailable, "it has gone"};
  };
  BOOST_TEST(at->get(in_time, key).value().output->output_uri() == "ours");
  BOOST_TEST(service->calls.size() == 1u);
}

BOOST_AUTO_TEST_CASE(gives_up_in_time) {
  service_starts();
  service->answer = []() -> result<void> {
    return error{errc::unavailable, "not now"};
  };
  const auto refused = at->get({.id = 0, .time_left = 20ms, .traceparent = {}}, key);
  BOOST_TEST(code_of(refused) == errc::unavailable);
  BOOST_TEST(service->calls.size() > 1u);
}

BOOST_AUTO_TEST_CASE(passes_the_services_failures_on) {
  service_starts();
  for (const auto code : {errc::not_found, errc::permission_denied, errc::deadline_exceeded}) {
    service->calls.clear();
    service->answer = [&]() -> result<void> {
      return error{code, "why"};
    };
    BOOST_TEST(code_of(at->get(in_time, key)) == code);
    BOOST_TEST(service->calls.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(gives_up_in_time_on_a_lock_in_the_database) {
  at->get(in_time, key);
  auto other = sqlite::database::open(folder.index(), {}).value();
  BOOST_REQUIRE(other.run("BEGIN IMMEDIATE"));
  const auto refused =
      at->put({.id = 0, .time_left = 20ms, .traceparent = {}}, key, output_at("a"), {});
  BOOST_TEST(code_of(refused) == errc::deadline_exceeded);
  BOOST_TEST(refused.error().message.find("\"k\"") != std::string::npos);
  BOOST_REQUIRE(other.run("ROLLBACK"));
}

BOOST_AUTO_TEST_CASE(has_its_index_elsewhere_if_told_so) {
  const auto elsewhere = parent / "elsewhere.sqlite";
  at = open(elsewhere);
  BOOST_TEST((at->put(in_time, key, output_at("a"), {}).value() == put_status::stored));
  BOOST_TEST(fs::exists(elsewhere));
  BOOST_TEST(fs::exists(elsewhere.string() + ".lock"));
  BOOST_TEST(!fs::exists(folder.index()));
  service_starts(); // On the folder, not on that index.
  BOOST_TEST(at->get(in_time, key).value().output->output_uri() == "a");
  // The writer lets go of it a little after its answer.
  const auto lock = file_lock::take(elsewhere.string() + ".lock", 20s).value();
  BOOST_TEST(at->get(in_time, key).value().output->output_uri() == "from the service");
}

BOOST_AUTO_TEST_CASE(opens_an_index_anew_that_was_replaced) {
  at->put(in_time, key, output_at("old"), {}).value();
  {
    const auto other = open(parent / "other.sqlite");
    other->put(in_time, key, output_at("new"), {}).value();
  }
  for (const auto* beside : {"-wal", "-shm"})
    fs::remove(folder.index().string() + beside);
  fs::rename(parent / "other.sqlite", folder.index());
  BOOST_TEST(at->get(in_time, key).value().output->output_uri() == "new");
}

BOOST_AUTO_TEST_CASE(tells_of_an_index_that_is_none) {
  fs::create_directory(folder.index());
  BOOST_TEST(code_of(at->get(in_time, key)) == errc::failed_precondition);
  BOOST_TEST(code_of(at->put(in_time, key, output_at("a"), {})) == errc::failed_precondition);
}

BOOST_AUTO_TEST_CASE(tells_at_once_of_a_folder_that_is_gone) {
  fs::remove_all(folder.path());
  BOOST_TEST(code_of(at->get(in_time, key)) == errc::failed_precondition);
  BOOST_TEST(service->calls.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_content_store_of_a_folder, endpoint_fixture)

BOOST_AUTO_TEST_CASE(keeps_blobs_in_the_folder) {
  const auto store = make_folder_content_store(folder, fake_services(service));
  const auto name = sha256::of("content");
  BOOST_TEST(!store->has(name).value());
  BOOST_TEST(code_of(store->put_bytes(name, "content")) == errc::ok);
  BOOST_TEST(store->has(name).value());
  BOOST_TEST(store->fetch_bytes(name, 7).value() == "content");
  BOOST_TEST(code_of(store->fetch_bytes(name, 6)) == errc::resource_exhausted);
  BOOST_TEST(code_of(store->fetch_file(name, parent / "file")) == errc::ok);
  BOOST_TEST(code_of(store->put_file(name, parent / "file")) == errc::ok);
  BOOST_TEST(fs::exists(folder.path() / "deja" / "cas" / "sha256"));
  BOOST_TEST(service->calls.empty());
}

BOOST_AUTO_TEST_CASE(asks_the_service_while_it_holds_the_folder) {
  const auto store = make_folder_content_store(folder, fake_services(service));
  const auto name = sha256::of("content");
  const auto prefix = to_hex(name).substr(0, 8);
  service_starts();
  BOOST_TEST(store->has(name).value());
  BOOST_TEST(code_of(store->put_bytes(name, "content")) == errc::ok);
  BOOST_TEST(code_of(store->put_file(name, parent / "file")) == errc::ok);
  BOOST_TEST(code_of(store->fetch_file(name, parent / "file")) == errc::ok);
  BOOST_TEST(store->fetch_bytes(name, 100).value() == "from the service");
  service_ends();
  BOOST_TEST(!store->has(name).value());
  std::vector<std::string> expected;
  for (const auto* call : {"has", "put_bytes", "put_file", "fetch_file", "fetch_bytes"})
    expected.push_back(socket + ": " + call + ' ' + prefix);
  BOOST_TEST(service->calls == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
