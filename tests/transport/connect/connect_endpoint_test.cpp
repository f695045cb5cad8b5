#include "../../support/results.hpp"
#include "fake_service.hpp"

#include <deja/transport/connect/connect_endpoint.hpp>
#include <deja/transport/connect/connect_error.hpp>

#include <flyteidl2/cacheservice/v2/cacheservice.pb.h>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;
namespace v2 = flyteidl2::cacheservice::v2;

const entry_key key{{"o", "p", "d"}, "k"};

cacheservice::CachedOutput output(const std::string& uri) {
  cacheservice::CachedOutput made;
  made.set_output_uri(uri);
  made.mutable_metadata()->mutable_source_identifier()->set_name("task");
  return made;
}

std::string found(const cacheservice::CachedOutput& entry) {
  cacheservice::GetCacheResponse response;
  *response.mutable_output() = entry;
  return proto_answer(response.SerializeAsString());
}

std::string held_by(const std::string& owner) {
  cacheservice::GetOrExtendReservationResponse response;
  auto& reservation = *response.mutable_reservation();
  reservation.set_key("reservation:p-d-k");
  reservation.set_owner_id(owner);
  reservation.mutable_heartbeat_interval()->set_nanos(500'000'000);
  reservation.mutable_expires_at()->set_seconds(1'700'000'000);
  return proto_answer(response.SerializeAsString());
}

std::string failing(int status, const std::string& code) {
  return answer(status, "application/json",
                R"({"code":")" + code + R"(","message":"it says why","details":[]})");
}

/// What a service says that has Flyte's calls only.
const std::string no_extension = failing(404, "unimplemented");

/// An endpoint of a service that gives these answers on one connection.
struct fixture_of {
  explicit fixture_of(std::vector<std::string> answers)
      : service{{answering(std::move(answers))}},
        endpoint{make_connect_endpoint({.url = service.url(), .token = {}})} {}

  fake_service service;
  std::unique_ptr<cache_endpoint> endpoint;
};

/// The requests that `call` makes of a service which answers like this.
template <class Call>
std::vector<std::string> requests_of(std::vector<std::string> answers, Call call,
                                     const std::string& token = {}) {
  std::vector<std::string> seen;
  {
    fake_service service{{[&](peer& client) {
      for (const auto& each : answers) {
        seen.push_back(client.request());
        client.send(each);
      }
    }}};
    const auto endpoint = make_connect_endpoint({.url = service.url(), .token = token});
    call(*endpoint);
  }
  return seen;
}

template <class Message>
Message body_of(const std::string& request) {
  Message message;
  BOOST_REQUIRE(message.ParseFromString(request.substr(request.find("\r\n\r\n") + 4)));
  return message;
}

BOOST_AUTO_TEST_SUITE(a_connect_endpoint)

BOOST_AUTO_TEST_CASE(sends_what_the_protocol_asks_for) {
  const auto requests = requests_of(
      {found(output("s3://b/k"))},
      [](cache_endpoint& endpoint) {
        call_context context;
        context.time_left = 5s;
        context.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        BOOST_TEST(code_of(endpoint.get(context, key)) == errc::ok);
      },
      "secret");
  BOOST_REQUIRE_EQUAL(requests.size(), 1U);
  const auto& sent = requests[0];
  const auto has = [&](const char* text) {
    return sent.find(text) != sent.npos;
  };
  BOOST_TEST(sent.starts_with("POST /flyteidl2.cacheservice.v2.CacheService/Get HTTP/1.1\r\n"));
  BOOST_TEST(has("\r\nContent-Type: application/proto\r\n"));
  BOOST_TEST(has("\r\nConnect-Protocol-Version: 1\r\n"));
  BOOST_TEST(has("\r\nAuthorization: Bearer secret\r\n"));
  BOOST_TEST(has("\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"));
  const auto timeout = sent.find("\r\nConnect-Timeout-Ms: ");
  BOOST_REQUIRE(timeout != sent.npos);
  const auto milliseconds = std::stoi(sent.substr(timeout + 22));
  BOOST_TEST(milliseconds > 3000);
  BOOST_TEST(milliseconds <= 5000);
  const auto request = body_of<v2::GetCacheRequest>(sent);
  BOOST_TEST(request.base_request().key() == "k");
  BOOST_TEST(request.identifier().org() == "o");
  BOOST_TEST(request.identifier().project() == "p");
  BOOST_TEST(request.identifier().domain() == "d");
}

BOOST_AUTO_TEST_CASE(gets_an_output) {
  fixture_of at{{found(output("s3://b/k"))}};
  const auto got = at.endpoint->get({}, key);
  BOOST_REQUIRE_EQUAL(code_of(got), errc::ok);
  BOOST_TEST(got->output->output_uri() == "s3://b/k");
  BOOST_TEST(!got->generation.has_value());
}

BOOST_AUTO_TEST_CASE(gets_an_entry_without_metadata_too) {
  cacheservice::CachedOutput bare;
  bare.set_output_uri("s3://b/k");
  fixture_of at{{found(bare)}};
  BOOST_TEST(code_of(at.endpoint->get({}, key)) == errc::ok);
}

BOOST_AUTO_TEST_CASE(takes_no_answer_without_an_output) {
  fixture_of at{{proto_answer(""), found({})}};
  BOOST_TEST(code_of(at.endpoint->get({}, key)) == errc::internal);
  BOOST_TEST(code_of(at.endpoint->get({}, key)) == errc::internal);
}

BOOST_AUTO_TEST_CASE(takes_no_answer_that_is_no_message_or_of_another_type) {
  fixture_of at{{proto_answer("\xff\xff garbage"), answer(200, "text/html", "<p>welcome"),
                 answer(200, "application/json", "{}"),
                 answer(200, "application/proto; charset=utf-8", "")}};
  BOOST_TEST(code_of(at.endpoint->get({}, key)) == errc::internal);
  const auto html = at.endpoint->get({}, key);
  BOOST_TEST(code_of(html) == errc::internal);
  BOOST_TEST(html.error().message.find("content type is \"text/html\"") != std::string::npos);
  BOOST_TEST(code_of(at.endpoint->get({}, key)) == errc::internal);
  BOOST_TEST(code_of(at.endpoint->release({}, key, "me")) == errc::ok);
}

BOOST_AUTO_TEST_CASE(takes_no_answer_that_is_too_large) {
  fixture_of at{{"HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\nContent-Length: " +
                 std::to_string(std::uint64_t{100} << 20) + "\r\n\r\n"}};
  const auto got = at.endpoint->get({}, key);
  BOOST_TEST(code_of(got) == errc::internal);
  BOOST_TEST(got.error().message.find("limit") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(passes_on_every_code_that_does_not_pass) {
  for (const auto* code :
       {"canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found",
        "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
        "out_of_range", "unimplemented", "internal", "data_loss", "unauthenticated"}) {
    fixture_of at{{failing(400, code)}};
    const auto got = at.endpoint->get({}, key);
    BOOST_TEST(code_of(got) == parse_errc(code).value());
    BOOST_TEST(got.error().message == "Get of key \"k\" at " + at.service.url() + ": it says why");
  }
}

BOOST_AUTO_TEST_CASE(tries_again_what_may_pass) {
  for (const auto* code : {"unavailable", "aborted"}) {
    fixture_of at{{failing(503, code), failing(503, code), found(output("s3://b/k"))}};
    BOOST_TEST(code_of(at.endpoint->get({}, key)) == errc::ok);
  }
}

BOOST_AUTO_TEST_CASE(gives_up_after_four_tries) {
  fixture_of at{std::vector<std::string>(4, failing(503, "unavailable"))};
  BOOST_TEST(code_of(at.endpoint->get({}, key)) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(tries_again_on_a_new_connection) {
  fake_service service{{[](peer& client) { client.request(); },
                        [](peer& client) { client.send("no HTTP\r\n\r\n"); },
                        answering({found(output("s3://b/k"))})}};
  const auto endpoint = make_connect_endpoint({.url = service.url(), .token = {}});
  BOOST_TEST(code_of(endpoint->get({}, key)) == errc::ok);
}

BOOST_AUTO_TEST_CASE(ends_by_its_deadline) {
  fake_service service{{[](peer& client) {
    client.ignore();
  }}};
  const auto endpoint = make_connect_endpoint({.url = service.url(), .token = {}, .timeout = 60ms});
  BOOST_TEST(code_of(endpoint->get({}, key)) == errc::deadline_exceeded);
}

BOOST_AUTO_TEST_CASE(puts) {
  put_condition when;
  when.max_age = 90s;
  const auto requests =
      requests_of({proto_answer(""), proto_answer("")}, [&](cache_endpoint& endpoint) {
        BOOST_TEST((endpoint.put({}, key, output("u"), {}).value() == put_status::stored));
        BOOST_TEST((endpoint.put({}, key, output("u"), when).value() == put_status::stored));
      });
  const auto plain = body_of<v2::PutCacheRequest>(requests.at(0)).base_request();
  BOOST_TEST(plain.output().output_uri() == "u");
  BOOST_TEST(plain.output().metadata().source_identifier().name() == "task");
  BOOST_TEST(!plain.has_overwrite());
  const auto aged = body_of<v2::PutCacheRequest>(requests.at(1)).base_request();
  BOOST_TEST(!aged.overwrite().overwrite());
  BOOST_TEST(aged.overwrite().max_age().seconds() == 90);
}

BOOST_AUTO_TEST_CASE(overwrites_where_it_is_told_to_or_the_generation_is_known) {
  put_condition always;
  always.overwrite = true;
  put_condition dead;
  dead.generation = 7;
  const auto requests = requests_of(
      {proto_answer(""), no_extension, proto_answer("")}, [&](cache_endpoint& endpoint) {
        BOOST_TEST(code_of(endpoint.put({}, key, output("u"), always)) == errc::ok);
        BOOST_TEST(code_of(endpoint.put({}, key, output("u"), dead)) == errc::ok);
      });
  for (const std::size_t at : {0, 2})
    BOOST_TEST(
        body_of<v2::PutCacheRequest>(requests.at(at)).base_request().overwrite().overwrite());
}

BOOST_AUTO_TEST_CASE(tells_the_same_output_in_the_way_from_another) {
  auto other_metadata = output("mine");
  other_metadata.mutable_metadata()->mutable_created_at()->set_seconds(1);
  fixture_of at{{failing(409, "already_exists"), found(other_metadata),
                 failing(409, "already_exists"), found(output("another's"))}};
  BOOST_TEST((at.endpoint->put({}, key, output("mine"), {}).value() == put_status::already_same));
  BOOST_TEST((at.endpoint->put({}, key, output("mine"), {}).value() == put_status::already_other));
}

BOOST_AUTO_TEST_CASE(says_where_what_was_in_the_way_has_gone) {
  fixture_of at{{failing(409, "already_exists"), failing(404, "not_found")}};
  BOOST_TEST(code_of(at.endpoint->put({}, key, output("mine"), {})) == errc::aborted);
}

BOOST_AUTO_TEST_CASE(finds_its_own_output_when_the_first_answer_was_lost) {
  fake_service service{{[](peer& client) { client.request(); },
                        answering({failing(409, "already_exists"), found(output("mine"))})}};
  const auto endpoint = make_connect_endpoint({.url = service.url(), .token = {}});
  BOOST_TEST((endpoint->put({}, key, output("mine"), {}).value() == put_status::already_same));
}

BOOST_AUTO_TEST_CASE(extends_the_reservation_before_a_fenced_put) {
  put_condition when;
  when.held = fence{"me", 0};
  const auto requests =
      requests_of({no_extension, held_by("me"), proto_answer("")}, [&](cache_endpoint& endpoint) {
        BOOST_TEST((endpoint.put({}, key, output("u"), when).value() == put_status::stored));
      });
  BOOST_TEST(requests.at(1).find("/GetOrExtendReservation ") != std::string::npos);
  BOOST_TEST(requests.at(2).find("/Put ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(puts_nothing_where_another_holds_the_reservation) {
  put_condition when;
  when.held = fence{"me", 0};
  fixture_of at{{no_extension, held_by("other")}};
  const auto done = at.endpoint->put({}, key, output("u"), when);
  BOOST_TEST(code_of(done) == errc::failed_precondition);
  BOOST_TEST(done.error().message.find("\"other\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(removes) {
  fixture_of at{{proto_answer(""), failing(404, "not_found")}};
  BOOST_TEST(code_of(at.endpoint->remove({}, key)) == errc::ok);
  BOOST_TEST(code_of(at.endpoint->remove({}, key)) == errc::not_found);
}

BOOST_AUTO_TEST_CASE(has_removed_what_is_gone_after_a_lost_answer) {
  fake_service service{
      {[](peer& client) { client.request(); }, answering({failing(404, "not_found")})}};
  const auto endpoint = make_connect_endpoint({.url = service.url(), .token = {}});
  BOOST_TEST(code_of(endpoint->remove({}, key)) == errc::ok);
}

BOOST_AUTO_TEST_CASE(reserves) {
  fixture_of at{{no_extension, held_by("other"), proto_answer("")}};
  const auto held = at.endpoint->reserve({}, key, "me", 1500ms);
  BOOST_REQUIRE_EQUAL(code_of(held), errc::ok);
  BOOST_TEST((held->key == key));
  BOOST_TEST(held->owner == "other");
  BOOST_TEST((held->heartbeat == 500ms));
  BOOST_TEST((held->expires == wall_time{1'700'000'000s}));
  BOOST_TEST(code_of(at.endpoint->reserve({}, key, "me", 1s)) == errc::internal);
}

BOOST_AUTO_TEST_CASE(takes_no_reservation_with_times_that_are_none) {
  cacheservice::GetOrExtendReservationResponse response;
  response.mutable_reservation()->set_owner_id("me");
  response.mutable_reservation()->mutable_expires_at()->set_seconds(INT64_MAX);
  fixture_of at{{no_extension, proto_answer(response.SerializeAsString())}};
  BOOST_TEST(code_of(at.endpoint->reserve({}, key, "me", 1s)) == errc::internal);
}

BOOST_AUTO_TEST_CASE(sends_heartbeats_exactly) {
  const auto requests = requests_of({no_extension, held_by("me")}, [](cache_endpoint& endpoint) {
    BOOST_TEST(code_of(endpoint.reserve({}, key, "me", 1500ms)) == errc::ok);
  });
  const auto request = body_of<v2::GetOrExtendReservationRequest>(requests.at(1)).base_request();
  BOOST_TEST(request.owner_id() == "me");
  BOOST_TEST(request.heartbeat_interval().seconds() == 1);
  BOOST_TEST(request.heartbeat_interval().nanos() == 500'000'000);
}

BOOST_AUTO_TEST_CASE(releases) {
  const auto requests = requests_of({proto_answer("")}, [](cache_endpoint& endpoint) {
    BOOST_TEST(code_of(endpoint.release({}, key, "me")) == errc::ok);
  });
  BOOST_TEST(body_of<v2::ReleaseReservationRequest>(requests.at(0)).base_request().owner_id() ==
             "me");
}

BOOST_AUTO_TEST_CASE(refuses_a_configuration_that_cannot_work) {
  BOOST_TEST(code_of(connect_config{.url = "nowhere", .token = {}}.validate()) ==
             errc::invalid_argument);
  BOOST_TEST(code_of(connect_config{.url = "http://c", .token = "a\nb"}.validate()) ==
             errc::invalid_argument);
  BOOST_TEST(code_of(connect_config{.url = "http://c", .token = {}, .timeout = 0s}.validate()) ==
             errc::invalid_argument);
  BOOST_CHECK_THROW(make_connect_endpoint({.url = "nowhere", .token = {}}), failure);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_connect_error)

BOOST_AUTO_TEST_CASE(has_the_code_of_its_body) {
  const auto why = connect_error(500, R"({"code":"data_loss","message":"gone\u00fc"})");
  BOOST_TEST(why.code == errc::data_loss);
  BOOST_TEST(why.message == "gone\u00fc");
  BOOST_TEST(connect_error(500, R"({"code":"aborted"})").code == errc::aborted);
}

BOOST_AUTO_TEST_CASE(has_the_code_of_its_status_where_the_body_is_no_error) {
  for (const auto& body :
       {std::string{}, std::string{"<html>"}, std::string{"{}"}, std::string{"[]"},
        std::string{R"({"code":7})"}, std::string{R"({"code":"ok"})"},
        std::string{R"({"code":"no_such_code"})"}, std::string{R"({"code":"aborted"})"}.substr(1),
        std::string{"{\"code\":\"aborted\",\"message\":\"\xff\"}"}, std::string(1'000'000, '[')}) {
    BOOST_TEST(connect_error(400, body).code == errc::internal);
    BOOST_TEST(connect_error(401, body).code == errc::unauthenticated);
    BOOST_TEST(connect_error(403, body).code == errc::permission_denied);
    BOOST_TEST(connect_error(404, body).code == errc::unimplemented);
    for (const int status : {429, 502, 503, 504})
      BOOST_TEST(connect_error(status, body).code == errc::unavailable);
    for (const int status : {204, 302, 409, 418, 500})
      BOOST_TEST(connect_error(status, body).code == errc::unknown);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
