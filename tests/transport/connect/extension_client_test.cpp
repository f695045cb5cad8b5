#include "../../support/results.hpp"
#include "fake_service.hpp"

#include <deja/transport/connect/connect_endpoint.hpp>

#include <deja/v1/cache.pb.h>
#include <flyteidl2/cacheservice/v2/cacheservice.pb.h>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;

entry_key key(const std::string& name) {
  return {{"o", "p", "d"}, name};
}

const std::vector<entry_key> two_keys{key("a"), key("b")};

cacheservice::CachedOutput output(const std::string& uri) {
  cacheservice::CachedOutput made;
  made.set_output_uri(uri);
  return made;
}

std::string failing(int status, const std::string& code) {
  return answer(status, "application/json", R"({"code":")" + code + R"(","message":"why"})");
}

const std::string no_extension = failing(404, "unimplemented");

/// The requests that `call` makes of a service which answers like this: method and body.
template <class Call>
std::vector<std::pair<std::string, std::string>> requests_of(std::vector<std::string> answers,
                                                             Call call) {
  std::vector<std::pair<std::string, std::string>> seen;
  {
    fake_service service{{[&](peer& client) {
      for (const auto& each : answers) {
        const auto request = client.request();
        const auto end = request.find(" HTTP/1.1");
        const auto service_begin = request.find('/') + 1;
        if (end == request.npos)
          return;
        seen.emplace_back(request.substr(service_begin, end - service_begin),
                          request.substr(request.find("\r\n\r\n") + 4));
        client.send(each);
      }
      client.wait_for_close();
    }}};
    const auto endpoint = make_connect_endpoint({.url = service.url(), .token = {}});
    call(*endpoint);
  }
  return seen;
}

template <class Message>
Message body_of(const std::pair<std::string, std::string>& request) {
  Message message;
  BOOST_REQUIRE(message.ParseFromString(request.second));
  return message;
}

template <class Message>
std::string saying(const Message& response) {
  return proto_answer(response.SerializeAsString());
}

template <class Outcomes>
std::string codes_of(const Outcomes& all) {
  std::string text;
  for (const auto& one : all)
    text += std::string{one ? "ok" : to_string(one.error().code)} + ' ';
  return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(an_endpoint_with_the_extension)

BOOST_AUTO_TEST_CASE(gets_many_keys_in_one_call) {
  v1::GetResponse response;
  *response.add_outcomes()->mutable_output() = output("u");
  response.mutable_outcomes(0)->set_generation(7);
  response.add_outcomes()->mutable_error()->set_code("not_found");
  const auto requests = requests_of({saying(response)}, [&](cache_endpoint& endpoint) {
    BOOST_TEST(endpoint.items_per_call() == 0U);
    const auto found = endpoint.get_many({}, two_keys);
    BOOST_TEST(codes_of(found) == "ok not_found ");
    BOOST_TEST(found[0]->output->output_uri() == "u");
    BOOST_TEST(found[0]->generation.value() == 7U);
    BOOST_TEST(found[1].error().message.find("key \"b\"") != std::string::npos);
    BOOST_TEST(endpoint.items_per_call() == 1024U);
  });
  BOOST_REQUIRE_EQUAL(requests.size(), 1U);
  BOOST_TEST(requests[0].first == "deja.v1.CacheService/Get");
  const auto asked = body_of<v1::GetRequest>(requests[0]);
  BOOST_TEST(asked.keys(1).key() == "b");
  BOOST_TEST(asked.keys(1).org() == "o");
  BOOST_TEST(asked.keys(1).project() == "p");
  BOOST_TEST(asked.keys(1).domain() == "d");
}

BOOST_AUTO_TEST_CASE(asks_again_for_what_had_no_room_in_the_answer) {
  v1::GetResponse first, second;
  *first.add_outcomes()->mutable_output() = output("a");
  first.add_outcomes()->mutable_error()->set_code("resource_exhausted");
  *second.add_outcomes()->mutable_output() = output("b");
  const auto requests = requests_of({saying(first), saying(second)}, [&](cache_endpoint& endpoint) {
    const auto found = endpoint.get_many({}, two_keys);
    BOOST_TEST(codes_of(found) == "ok ok ");
    BOOST_TEST(found[1]->output->output_uri() == "b");
  });
  BOOST_TEST(body_of<v1::GetRequest>(requests.at(1)).keys(0).key() == "b");
}

BOOST_AUTO_TEST_CASE(puts_with_the_fencing_token) {
  v1::PutResponse response;
  response.add_outcomes()->set_status(v1::PUT_STATUS_STORED);
  put_condition when{.overwrite = false, .max_age = 90s, .generation = 3, .held = fence{"me", 5}};
  const auto requests = requests_of({saying(response)}, [&](cache_endpoint& endpoint) {
    BOOST_TEST((endpoint.put({}, key("a"), output("u"), when).value() == put_status::stored));
  });
  BOOST_REQUIRE_EQUAL(requests.size(), 1U); // and no extension of the reservation before
  BOOST_TEST(requests[0].first == "deja.v1.CacheService/Put");
  const auto item = body_of<v1::PutRequest>(requests[0]).items(0);
  BOOST_TEST(item.output().output_uri() == "u");
  BOOST_TEST(item.max_age().seconds() == 90);
  BOOST_TEST(item.replaces_generation() == 3U);
  BOOST_TEST(item.fence().owner_id() == "me");
  BOOST_TEST(item.fence().fencing_token() == 5U);
}

BOOST_AUTO_TEST_CASE(puts_many_and_tells_what_became_of_each) {
  v1::PutResponse response;
  response.add_outcomes()->set_status(v1::PUT_STATUS_STORED);
  response.add_outcomes()->set_status(v1::PUT_STATUS_ALREADY_SAME);
  response.add_outcomes()->set_status(v1::PUT_STATUS_ALREADY_OTHER);
  response.add_outcomes();
  response.add_outcomes()->mutable_error()->set_code("failed_precondition");
  requests_of({saying(response)}, [&](cache_endpoint& endpoint) {
    const std::vector<entry_put> puts(5, entry_put{key("a"), output("u"), {}});
    const auto done = endpoint.put_many({}, puts);
    BOOST_TEST(codes_of(done) == "ok ok ok internal failed_precondition ");
    BOOST_TEST((*done[1] == put_status::already_same));
    BOOST_TEST((*done[2] == put_status::already_other));
  });
}

BOOST_AUTO_TEST_CASE(halves_a_call_that_is_too_large_for_the_service) {
  v1::PutResponse one;
  one.add_outcomes()->set_status(v1::PUT_STATUS_STORED);
  const auto requests = requests_of(
      {failing(413, "resource_exhausted"), saying(one), failing(413, "resource_exhausted")},
      [&](cache_endpoint& endpoint) {
        const std::vector<entry_put> puts(2, entry_put{key("a"), output("u"), {}});
        BOOST_TEST(codes_of(endpoint.put_many({}, puts)) == "ok resource_exhausted ");
      });
  BOOST_TEST(requests.size() == 3U);
}

BOOST_AUTO_TEST_CASE(splits_what_is_over_the_services_limits) {
  v1::ReleaseResponse full, rest;
  for (int count = 0; count < 1024; ++count)
    full.add_outcomes();
  rest.add_outcomes();
  const auto requests = requests_of({saying(full), saying(rest)}, [&](cache_endpoint& endpoint) {
    const std::vector<release_request> all(1025, release_request{key("a"), "me"});
    BOOST_TEST(endpoint.release_many({}, all).size() == 1025U);
  });
  BOOST_TEST(body_of<v1::ReleaseRequest>(requests.at(1)).items_size() == 1);

  v1::PutResponse one;
  one.add_outcomes()->set_status(v1::PUT_STATUS_STORED);
  const auto puts_seen = requests_of({saying(one), saying(one)}, [&](cache_endpoint& endpoint) {
    const entry_put large{key("a"), output(std::string(std::size_t{3} << 19, 'x')), {}};
    BOOST_TEST(codes_of(endpoint.put_many({}, std::vector{large, large})) == "ok ok ");
  });
  BOOST_TEST(puts_seen.size() == 2U);
}

BOOST_AUTO_TEST_CASE(learns_the_fencing_token) {
  v1::ReserveResponse response;
  auto& held = *response.add_outcomes()->mutable_reservation();
  held.set_owner_id("me");
  held.set_fencing_token(9);
  held.mutable_since()->set_seconds(1'700'000'000);
  held.mutable_expires_at()->set_seconds(1'700'000'030);
  held.mutable_heartbeat_interval()->set_seconds(10);
  requests_of({saying(response)}, [&](cache_endpoint& endpoint) {
    const auto known = endpoint.reserve({}, key("a"), "me", 10s).value();
    BOOST_TEST(known.fencing_token == 9U);
    BOOST_TEST((known.since == wall_time{1'700'000'000s}));
    BOOST_TEST((known.expires == wall_time{1'700'000'030s}));
  });
}

BOOST_AUTO_TEST_CASE(waits) {
  v1::WaitResponse response;
  response.set_event(v1::WAIT_EVENT_ENTRY);
  response.set_generation(4);
  response.set_others(2);
  const auto requests = requests_of({saying(response)}, [&](cache_endpoint& endpoint) {
    const auto told = endpoint.wait({}, {key("a"), 3, true}).value();
    BOOST_TEST((told.event == wait_event::entry));
    BOOST_TEST(told.generation.value() == 4U);
    BOOST_TEST(told.others == 2U);
  });
  const auto asked = body_of<v1::WaitRequest>(requests.at(0));
  BOOST_TEST(asked.newer_than() == 3U);
  BOOST_TEST(asked.entry_only());
}

BOOST_AUTO_TEST_CASE(takes_no_answer_that_makes_no_sense) {
  v1::ReserveResponse nobodys;
  nobodys.add_outcomes();
  requests_of({saying(v1::WaitResponse{}), saying(v1::GetResponse{}), saying(nobodys)},
              [&](cache_endpoint& endpoint) {
                BOOST_TEST(code_of(endpoint.wait({}, {key("a"), {}, false})) == errc::internal);
                BOOST_TEST(codes_of(endpoint.get_many({}, two_keys)) == "internal internal ");
                BOOST_TEST(code_of(endpoint.reserve({}, key("a"), "me", 1s)) == errc::internal);
              });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(an_endpoint_without_the_extension)

BOOST_AUTO_TEST_CASE(falls_back_to_single_calls_and_asks_for_it_no_more) {
  cacheservice::GetCacheResponse found;
  *found.mutable_output() = output("u");
  const auto hit = saying(found);
  const auto requests = requests_of(
      {no_extension, hit, failing(404, "not_found"), hit, hit}, [&](cache_endpoint& endpoint) {
        BOOST_TEST(codes_of(endpoint.get_many({}, two_keys)) == "ok not_found ");
        BOOST_TEST(endpoint.items_per_call() == 1U);
        BOOST_TEST(codes_of(endpoint.get_many({}, two_keys)) == "ok ok ");
        BOOST_TEST(code_of(endpoint.wait({}, {key("a"), {}, false})) == errc::unimplemented);
      });
  BOOST_REQUIRE_EQUAL(requests.size(), 5U);
  BOOST_TEST(requests[0].first == "deja.v1.CacheService/Get");
  for (std::size_t at = 1; at < 5; ++at)
    BOOST_TEST(requests[at].first == "flyteidl2.cacheservice.v2.CacheService/Get");
}

// As where Deja's service is replaced by Flyte's while a client lives.
BOOST_AUTO_TEST_CASE(falls_back_where_it_was_there_before) {
  v1::GetResponse both;
  both.add_outcomes()->mutable_error()->set_code("not_found");
  both.add_outcomes()->mutable_error()->set_code("not_found");
  const auto miss = failing(404, "not_found");
  requests_of({saying(both), no_extension, miss, miss}, [&](cache_endpoint& endpoint) {
    BOOST_TEST(codes_of(endpoint.get_many({}, two_keys)) == "not_found not_found ");
    BOOST_TEST(endpoint.items_per_call() == 1024U);
    BOOST_TEST(codes_of(endpoint.get_many({}, two_keys)) == "not_found not_found ");
    BOOST_TEST(endpoint.items_per_call() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(knows_nothing_of_it_after_another_failure) {
  requests_of({failing(403, "permission_denied")}, [&](cache_endpoint& endpoint) {
    BOOST_TEST(codes_of(endpoint.get_many({}, two_keys)) == "permission_denied permission_denied ");
    BOOST_TEST(endpoint.items_per_call() == 0U);
  });
}

BOOST_AUTO_TEST_SUITE_END()
