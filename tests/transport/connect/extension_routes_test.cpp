#include "../../support/results.hpp"
#include "../../support/settable_clock.hpp"
#include "raw_client.hpp"

#include <deja/messages/cached_output.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/connect/connect_error.hpp>
#include <deja/transport/connect/extension_routes.hpp>
#include <deja/transport/connect/http_server.hpp>
#include <deja/transport/index/memory_index.hpp>

#include <deja/v1/cache.pb.h>

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <mutex>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;

/// Waits that the test ends.
class held_waits {
public:
  struct wait {
    wait_request wanted;
    duration time;
    std::function<void(result<waited>)> done;
    bool left = false;
  };

  std::function<void()> add(wait_request wanted, duration time,
                            std::function<void(result<waited>)> done) {
    const std::lock_guard lock{mutex_};
    waits_.push_back({std::move(wanted), time, std::move(done)});
    changed_.notify_all();
    return [this, number = waits_.size() - 1] {
      const std::lock_guard inner{mutex_};
      waits_[number].left = true;
      changed_.notify_all();
    };
  }

  wait next() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return !waits_.empty(); });
    return waits_.front();
  }

  void wait_until_left() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return !waits_.empty() && waits_.front().left; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<wait> waits_;
};

/// The extension over an index in memory.
struct service {
  explicit service(http::extension_config config = {})
      : server{http::router{http::extension_routes(
                   {*index,
                    [this](operation what, std::function<void(outcome)> done, const auto&) {
                      index->apply({std::move(what)},
                                   [&](std::vector<outcome> all) { done(std::move(all.front())); });
                    },
                    [this](wait_request what, duration time, auto done) {
                      return waits.add(std::move(what), time, std::move(done));
                    },
                    [](const std::vector<entry_key>& keys, const auto& done) {
                      done(std::vector<std::uint64_t>(std::max<std::size_t>(keys.size(), 1), 3));
                    },
                    pool},
                   std::move(config))},
               {.port = 0}} {
    server.start().value();
  }

  ~service() {
    server.stop();
    pool.join();
  }

  reply ask(std::string_view method, std::string_view body, std::string_view type) const {
    raw_client client{server.port()};
    client.send(request_text("POST", "/deja.v1.CacheService/" + std::string{method}, body,
                             "Content-Type: " + std::string{type} + "\r\n"));
    return client.read();
  }

  /// The answer in binary.
  template <class Response, class Request>
  result<Response> call(std::string_view method, const Request& request) const {
    const auto told = ask(method, request.SerializeAsString(), "application/proto");
    if (told.status != 200)
      return connect_error(static_cast<int>(told.status), told.body);
    return parse_message<Response>(told.body);
  }

  std::string json(std::string_view method, std::string_view body) const {
    return ask(method, body, "application/json").body;
  }

  v1::PutOutcome put(const v1::PutItem& item) const {
    v1::PutRequest request;
    *request.add_items() = item;
    return call<v1::PutResponse>("Put", request).value().outcomes(0);
  }

  v1::Reservation reserve(const std::string& name, const std::string& owner) const {
    v1::ReserveRequest request;
    auto& item = *request.add_items();
    item.mutable_key()->set_key(name);
    item.set_owner_id(owner);
    return call<v1::ReserveResponse>("Reserve", request).value().outcomes(0).reservation();
  }

  std::shared_ptr<settable_clock> clock = std::make_shared<settable_clock>();
  std::shared_ptr<deja::index> index = make_memory_index(clock);
  held_waits waits;
  boost::asio::thread_pool pool{1};
  http::http_server server;
};

v1::PutItem item(const std::string& name, const std::string& uri) {
  v1::PutItem made;
  made.mutable_key()->set_key(name);
  made.mutable_output()->set_output_uri(uri);
  return made;
}

v1::PutRequest items(const std::vector<v1::PutItem>& all) {
  v1::PutRequest request;
  for (const auto& one : all)
    *request.add_items() = one;
  return request;
}

v1::GetRequest keys(const std::vector<std::string>& names) {
  v1::GetRequest request;
  for (const auto& name : names)
    request.add_keys()->set_key(name);
  return request;
}

template <class Response>
std::string codes_of(const Response& response) {
  std::string text;
  for (const auto& outcome : response.outcomes())
    text += (outcome.has_error() ? outcome.error().code() : "ok") + ' ';
  return text;
}

std::string statuses_of(const v1::PutResponse& response) {
  std::string text;
  for (const auto& outcome : response.outcomes())
    text += v1::PutStatus_Name(outcome.status()).substr(11) + ' ';
  return text;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(extension_routes)

BOOST_FIXTURE_TEST_CASE(what_was_put_is_found_with_its_generation, service) {
  const auto put = call<v1::PutResponse>("Put", items({item("a", "u/a"), item("b", "u/b")}));
  BOOST_TEST(statuses_of(*put) == "STORED STORED ");
  const auto found = call<v1::GetResponse>("Get", keys({"a", "none", "b"})).value();
  BOOST_TEST(codes_of(found) == "ok not_found ok ");
  BOOST_TEST(found.outcomes(0).output().output_uri() == "u/a");
  BOOST_TEST(found.outcomes(0).output().metadata().has_created_at());
  BOOST_TEST(found.outcomes(0).generation() == put->outcomes(0).generation());
  BOOST_TEST(found.outcomes(2).generation() == put->outcomes(1).generation());
  BOOST_TEST(has(found.outcomes(1).error().message(), "\"none\""));
}

BOOST_FIXTURE_TEST_CASE(calls_are_taken_and_answered_in_json, service) {
  const auto put = json("Put", R"({"items":[{"key":{"project":"p","key":"a"},
                                   "output":{"outputUri":"u"},"lifetime":"60s"}]})");
  BOOST_TEST(put == R"({"outcomes":[{"status":"PUT_STATUS_STORED","generation":"1"}]})");
  const auto found = json("Get", R"({"keys":[{"project":"p","key":"a"},{"key":"a"}]})");
  BOOST_TEST(has(found, R"("outputUri":"u")"));
  BOOST_TEST(has(found, R"("generation":"1")"));
  BOOST_TEST(has(found, R"("code":"not_found")"));
  BOOST_TEST(json("Exists", R"({"keys":[{"project":"p","key":"a"}]})")
                 .starts_with(R"({"outcomes":[{"exists":true,"generation":"1","size":)"));
  BOOST_TEST(json("Delete", R"({"items":[{"key":{"project":"p","key":"a"}}]})") ==
             R"({"outcomes":[{}]})");
  BOOST_TEST(has(json("Statistics", "{}"), R"("hits":"1")"));
}

BOOST_FIXTURE_TEST_CASE(each_of_the_same_keys_in_a_call_has_its_outcome_in_order, service) {
  const auto put = call<v1::PutResponse>(
      "Put", items({item("a", "first"), item("a", "second"), item("a", "first")}));
  BOOST_TEST(statuses_of(*put) == "STORED ALREADY_OTHER ALREADY_SAME ");
  const auto found = call<v1::GetResponse>("Get", keys({"a", "a"})).value();
  BOOST_TEST(found.outcomes(0).output().output_uri() == "first");
  BOOST_TEST(found.outcomes(1).output().output_uri() == "first");
  v1::DeleteRequest twice;
  twice.add_items()->mutable_key()->set_key("a");
  twice.add_items()->mutable_key()->set_key("a");
  BOOST_TEST(codes_of(*call<v1::DeleteResponse>("Delete", twice)) == "ok not_found ");
}

BOOST_FIXTURE_TEST_CASE(a_bad_item_harms_no_other, service) {
  auto without_output = item("b", "");
  auto without_owner = item("c", "u");
  without_owner.mutable_fence();
  auto in_no_time = item("d", "u");
  in_no_time.mutable_lifetime();
  auto no_time = item("e", "u");
  no_time.mutable_max_age()->set_nanos(2'000'000'000);
  const auto put = call<v1::PutResponse>(
      "Put", items({item("", "u"), item("a", "u"), without_output, without_owner, in_no_time,
                    no_time, item(std::string(1025, 'k'), "u"), item("z", "u")}));
  BOOST_TEST(codes_of(*put) == "invalid_argument ok invalid_argument invalid_argument "
                               "invalid_argument invalid_argument invalid_argument ok ");
  BOOST_TEST(has(put->outcomes(6).error().message(), "1025"));
  BOOST_TEST(has(put->outcomes(6).error().message(), "1024"));
  BOOST_TEST(codes_of(*call<v1::GetResponse>("Get", keys({"", "a"}))) == "invalid_argument ok ");
  BOOST_TEST(codes_of(*call<v1::GetResponse>("Get", keys({""}))) == "invalid_argument ");
}

BOOST_FIXTURE_TEST_CASE(calls_for_nothing_are_answered_with_nothing, service) {
  BOOST_TEST(call<v1::GetResponse>("Get", v1::GetRequest{})->outcomes_size() == 0);
  BOOST_TEST(call<v1::PutResponse>("Put", v1::PutRequest{})->outcomes_size() == 0);
}

BOOST_AUTO_TEST_CASE(a_call_over_its_limits_is_refused) {
  service at{{.max_body = 1000, .max_items = 2}};
  const auto many = at.call<v1::GetResponse>("Get", keys({"a", "b", "c"}));
  BOOST_TEST(code_of(many) == errc::invalid_argument);
  BOOST_TEST(many.error().message == "the call has 3 items; at most 2 are possible");
  BOOST_TEST(code_of(at.call<v1::PutResponse>(
                 "Put", items({item("a", ""), item("b", ""), item("c", "")}))) ==
             errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(an_answer_has_a_limit_and_the_rest_can_be_asked_for) {
  service at{{.max_answer = 150, .keys_on_loop = 2}};
  at.call<v1::PutResponse>("Put", items({item("a", std::string(100, 'a')),
                                         item("b", std::string(100, 'b')), item("c", "c")}))
      .value();
  const auto found = at.call<v1::GetResponse>("Get", keys({"a", "b", "none"})).value();
  BOOST_TEST(codes_of(found) == "ok resource_exhausted not_found ");
  BOOST_TEST(has(found.outcomes(1).error().message(), "150"));
  BOOST_TEST(codes_of(*at.call<v1::GetResponse>("Get", keys({"b"}))) == "ok ");
}

BOOST_FIXTURE_TEST_CASE(a_put_has_its_conditions, service) {
  const auto first = put(item("a", "1")).generation();
  auto replacing = item("a", "2");
  replacing.set_replaces_generation(first + 1);
  BOOST_TEST(put(replacing).error().code() == "failed_precondition");
  replacing.set_replaces_generation(first);
  BOOST_TEST(put(replacing).status() == v1::PUT_STATUS_STORED);
  clock->pass(1min);
  auto aged = item("a", "3");
  aged.mutable_max_age()->set_seconds(61);
  BOOST_TEST(put(aged).status() == v1::PUT_STATUS_ALREADY_OTHER);
  aged.mutable_max_age()->set_seconds(59);
  BOOST_TEST(put(aged).status() == v1::PUT_STATUS_STORED);
  auto forced = item("a", "4");
  forced.set_overwrite(true);
  forced.mutable_lifetime()->set_seconds(10);
  BOOST_TEST(put(forced).status() == v1::PUT_STATUS_STORED);
  clock->pass(11s);
  BOOST_TEST(codes_of(*call<v1::GetResponse>("Get", keys({"a"}))) == "not_found ");
}

BOOST_FIXTURE_TEST_CASE(a_put_is_fenced_by_the_token, service) {
  const auto mine = reserve("a", "me");
  BOOST_TEST(mine.owner_id() == "me");
  BOOST_TEST(mine.fencing_token() > 0U);
  BOOST_TEST(reserve("a", "you").owner_id() == "me");
  clock->pass(1h);
  const auto yours = reserve("a", "you");
  BOOST_TEST(yours.owner_id() == "you");
  BOOST_TEST(yours.fencing_token() > mine.fencing_token());
  auto late = item("a", "mine");
  late.mutable_fence()->set_owner_id("me");
  late.mutable_fence()->set_fencing_token(mine.fencing_token());
  BOOST_TEST(put(late).error().code() == "failed_precondition");
  auto right = item("a", "yours");
  right.mutable_fence()->set_owner_id("you");
  right.mutable_fence()->set_fencing_token(yours.fencing_token());
  BOOST_TEST(put(right).status() == v1::PUT_STATUS_STORED);
}

BOOST_FIXTURE_TEST_CASE(many_are_reserved_and_released, service) {
  reserve("b", "you");
  v1::ReserveRequest request;
  for (const auto* name : {"a", "b", "", "a"}) {
    auto& one = *request.add_items();
    one.mutable_key()->set_key(name);
    one.set_owner_id("me");
    one.mutable_heartbeat_interval()->set_seconds(5);
  }
  const auto held = call<v1::ReserveResponse>("Reserve", request).value();
  BOOST_TEST(held.outcomes(0).reservation().owner_id() == "me");
  BOOST_TEST(held.outcomes(0).reservation().heartbeat_interval().seconds() == 5);
  const auto lease = from_wire(held.outcomes(0).reservation().expires_at(), "").value() -
                     from_wire(held.outcomes(0).reservation().since(), "").value();
  BOOST_TEST((lease == 15s));
  BOOST_TEST(held.outcomes(1).reservation().owner_id() == "you");
  BOOST_TEST(held.outcomes(2).error().code() == "invalid_argument");
  BOOST_TEST(held.outcomes(3).reservation().fencing_token() ==
             held.outcomes(0).reservation().fencing_token());
  BOOST_TEST(call<v1::GetResponse>("Get", keys({"b"}))->outcomes(0).reservation().owner_id() ==
             "you");
  v1::ReleaseRequest release;
  for (const auto* name : {"a", "b"}) {
    auto& one = *release.add_items();
    one.mutable_key()->set_key(name);
    one.set_owner_id("me");
  }
  const auto released = call<v1::ReleaseResponse>("Release", release).value();
  BOOST_TEST(released.outcomes(0).released());
  BOOST_TEST(!released.outcomes(1).released());
  BOOST_TEST(codes_of(released) == "ok ok ");
}

BOOST_FIXTURE_TEST_CASE(a_wait_ends_with_what_came, service) {
  raw_client client{server.port()};
  client.send(request_text("POST", "/deja.v1.CacheService/Wait",
                           R"({"key":{"key":"a"},"newerThan":"4","timeout":"7s"})",
                           "Content-Type: application/json\r\n"));
  const auto wait = waits.next();
  BOOST_TEST(wait.wanted.key.key == "a");
  BOOST_TEST(wait.wanted.newer_than.value() == 4U);
  BOOST_TEST((wait.time == 7s));
  wait.done(waited{wait_event::entry, 5, std::nullopt, 2});
  BOOST_TEST(client.read().body == R"({"event":"WAIT_EVENT_ENTRY","generation":"5","others":"2"})");
  // The connection serves on.
  client.send(request_text("POST", "/deja.v1.CacheService/Get", R"({"keys":[{"key":"a"}]})",
                           "Content-Type: application/json\r\n"));
  BOOST_TEST(client.read().status == 200U);
}

BOOST_FIXTURE_TEST_CASE(a_wait_ends_before_its_caller_gives_up, service) {
  raw_client client{server.port()};
  client.send(request_text("POST", "/deja.v1.CacheService/Wait", R"({"key":{"key":"a"}})",
                           "Content-Type: application/json\r\nConnect-Timeout-Ms: 5000\r\n"));
  BOOST_TEST((waits.next().time == 4800ms));
}

BOOST_FIXTURE_TEST_CASE(a_waiter_that_goes_is_forgotten, service) {
  {
    raw_client client{server.port()};
    client.send(request_text("POST", "/deja.v1.CacheService/Wait", R"({"key":{"key":"a"}})",
                             "Content-Type: application/json\r\n"));
    waits.next();
  }
  waits.wait_until_left();
}

BOOST_FIXTURE_TEST_CASE(a_client_that_sends_on_is_served_in_order, service) {
  raw_client client{server.port()};
  client.send(request_text("POST", "/deja.v1.CacheService/Wait", R"({"key":{"key":"a"}})",
                           "Content-Type: application/json\r\n"));
  const auto wait = waits.next();
  client.send(request_text("POST", "/deja.v1.CacheService/Get", R"({"keys":[{"key":"a"}]})",
                           "Content-Type: application/json\r\n"));
  wait.done(waited{});
  BOOST_TEST(client.read().body == R"({"event":"WAIT_EVENT_TIMEOUT"})");
  BOOST_TEST(has(client.read().body, "not_found"));
}

BOOST_FIXTURE_TEST_CASE(a_wait_that_makes_no_sense_is_refused, service) {
  BOOST_TEST(has(json("Wait", "{}"), "key is empty"));
  BOOST_TEST(has(json("Wait", R"({"key":{"key":"a"},"timeout":"0s"})"), "timeout"));
}

BOOST_FIXTURE_TEST_CASE(entries_are_listed_by_what_is_asked_for_a_page_at_a_time, service) {
  std::vector<v1::PutItem> all;
  for (int number = 0; number < 5; ++number) {
    all.push_back(item("old-" + std::to_string(number), "u"));
    all.back().mutable_key()->set_project(number < 3 ? "p" : "q");
    all.back().mutable_output()->mutable_metadata()->mutable_source_identifier()->set_name("t");
  }
  call<v1::PutResponse>("Put", items(all)).value();
  clock->pass(1h);
  put(item("new", "s3://b/new"));

  v1::ListEntriesRequest request;
  request.mutable_filter()->set_project("p");
  request.mutable_filter()->set_task("t");
  request.mutable_filter()->set_key_prefix("old");
  request.mutable_filter()->mutable_older_than()->set_seconds(60);
  request.set_page_size(2);
  const auto first = call<v1::ListEntriesResponse>("ListEntries", request).value();
  BOOST_TEST(first.entries_size() == 2);
  BOOST_TEST(first.entries(0).task() == "t");
  request.set_page_token(first.next_page_token());
  const auto second = call<v1::ListEntriesResponse>("ListEntries", request).value();
  BOOST_TEST(second.entries_size() == 1);
  BOOST_TEST(second.next_page_token() == "");

  v1::ListEntriesRequest young;
  young.mutable_filter()->set_key_prefix("new");
  const auto one = call<v1::ListEntriesResponse>("ListEntries", young)->entries(0);
  BOOST_TEST(one.output_uri() == "s3://b/new");
  BOOST_TEST(one.size() > 0U);
  BOOST_TEST(one.created_at().seconds() > 0);
  BOOST_TEST(!one.has_expires_at());

  BOOST_TEST(has(json("ListEntries", R"({"pageSize":1001})"), "1001"));
  BOOST_TEST(has(json("ListEntries", R"({"pageToken":"x"})"), "invalid_argument"));
}

BOOST_FIXTURE_TEST_CASE(reservations_are_listed_with_who_waits, service) {
  reserve("a", "me");
  const auto listed =
      call<v1::ListReservationsResponse>("ListReservations", v1::ListReservationsRequest{}).value();
  BOOST_REQUIRE(listed.reservations_size() == 1);
  BOOST_TEST(listed.reservations(0).reservation().owner_id() == "me");
  BOOST_TEST(listed.reservations(0).waiters() == 3U);
  BOOST_TEST(has(json("ListReservations", R"({"filter":{"task":"t"}})"), "filter.task"));
}

BOOST_FIXTURE_TEST_CASE(statistics_count_what_there_is_and_what_was_done, service) {
  call<v1::PutResponse>("Put", items({item("a", "u"), item("b", "u"), item("a", "u")})).value();
  call<v1::GetResponse>("Get", keys({"a", "b", "c"})).value();
  reserve("r", "me");
  const auto told = call<v1::StatisticsResponse>("Statistics", v1::StatisticsRequest{}).value();
  BOOST_TEST(told.entries() == 2U);
  BOOST_TEST(told.entry_bytes() > 0U);
  BOOST_TEST(told.reservations() == 1U);
  BOOST_TEST(told.waiters() == 3U);
  BOOST_TEST(told.hits() == 2U);
  BOOST_TEST(told.misses() == 1U);
  BOOST_TEST(told.puts() == 2U);
}

BOOST_FIXTURE_TEST_CASE(what_a_filter_selects_is_deleted, service) {
  std::vector<v1::PutItem> all;
  for (int number = 0; number < 600; ++number)
    all.push_back(item((number % 2 ? "odd-" : "even-") + std::to_string(number), "u"));
  call<v1::PutResponse>("Put", items(all)).value();
  v1::DeleteMatchingRequest request;
  BOOST_TEST(code_of(call<v1::DeleteMatchingResponse>("DeleteMatching", request)) ==
             errc::invalid_argument);
  request.mutable_filter()->set_key_prefix("odd-");
  const auto odd = call<v1::DeleteMatchingResponse>("DeleteMatching", request).value();
  BOOST_TEST(odd.deleted() == 300U);
  BOOST_TEST(odd.next_page_token() == "");
  BOOST_TEST(codes_of(*call<v1::GetResponse>("Get", keys({"odd-1", "even-2"}))) == "not_found ok ");
  v1::DeleteMatchingRequest rest;
  rest.set_all(true);
  BOOST_TEST(call<v1::DeleteMatchingResponse>("DeleteMatching", rest)->deleted() == 300U);
}

BOOST_AUTO_TEST_CASE(contents_are_dropped_on_request) {
  std::atomic<int> drops = 0;
  service at{{.drop = [&] {
    ++drops;
  }}};
  at.put(item("a", "1"));
  auto other = item("a", "2");
  other.set_overwrite(true);
  at.put(other);
  BOOST_TEST(drops == 0);
  other.mutable_output()->set_output_uri("3");
  other.set_delete_blob(true);
  at.put(other);
  BOOST_TEST(drops == 1);
  v1::DeleteRequest removal;
  removal.add_items()->mutable_key()->set_key("a");
  removal.set_delete_blobs(true);
  at.call<v1::DeleteResponse>("Delete", removal).value();
  BOOST_TEST(drops == 2);
  at.call<v1::DeleteResponse>("Delete", removal).value(); // of what is not there
  BOOST_TEST(drops == 2);
  at.put(item("b", "1"));
  v1::DeleteMatchingRequest matching;
  matching.set_all(true);
  matching.set_delete_blobs(true);
  at.call<v1::DeleteMatchingResponse>("DeleteMatching", matching).value();
  BOOST_TEST(drops == 3);
}

BOOST_FIXTURE_TEST_CASE(a_service_that_removes_no_contents_refuses_to_drop_them, service) {
  const auto refused = [](const auto& told) {
    return code_of(told) == errc::failed_precondition &&
           has(told.error().message, "--collect-contents");
  };
  auto replacing = item("a", "1");
  replacing.set_delete_blob(true);
  BOOST_TEST(refused(call<v1::PutResponse>("Put", items({replacing}))));
  BOOST_TEST(codes_of(*call<v1::GetResponse>("Get", keys({"a"}))) == "not_found ");
  v1::DeleteRequest removal;
  removal.set_delete_blobs(true);
  BOOST_TEST(refused(call<v1::DeleteResponse>("Delete", removal)));
  v1::DeleteMatchingRequest matching;
  matching.set_all(true);
  matching.set_delete_blobs(true);
  BOOST_TEST(refused(call<v1::DeleteMatchingResponse>("DeleteMatching", matching)));
}

BOOST_AUTO_TEST_CASE(a_deletion_that_takes_long_says_where_to_go_on) {
  service at{{.delete_time = 0s}};
  std::vector<v1::PutItem> all;
  for (int number = 0; number < 300; ++number)
    all.push_back(item(std::to_string(number), "u"));
  at.call<v1::PutResponse>("Put", items(all)).value();
  v1::DeleteMatchingRequest request;
  request.set_all(true);
  const auto first = at.call<v1::DeleteMatchingResponse>("DeleteMatching", request).value();
  BOOST_TEST(first.deleted() == 256U);
  BOOST_REQUIRE(first.next_page_token() != "");
  request.set_page_token(first.next_page_token());
  const auto second = at.call<v1::DeleteMatchingResponse>("DeleteMatching", request).value();
  BOOST_TEST(second.deleted() == 44U);
  BOOST_TEST(second.next_page_token() == "");
}

BOOST_AUTO_TEST_SUITE_END()
