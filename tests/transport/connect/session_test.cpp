#include "echo_service.hpp"

#include "../../support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <future>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;

bool has_code(const reply& answer, std::string_view code) {
  return answer.body.starts_with(R"({"code":")" + std::string{code} + '"');
}

BOOST_AUTO_TEST_SUITE(a_session)

BOOST_AUTO_TEST_CASE(answers_head_like_get_without_a_body) {
  const echo_service service;
  auto client = service.connect();
  for (const auto* path : {"/hello", "/stream", "/nowhere"}) {
    client.send(request_text("GET", path));
    const auto whole = client.read();
    client.send(request_text("HEAD", path));
    const auto head = client.read_head();
    BOOST_TEST(head.status == whole.status);
    BOOST_TEST(head.field("Content-Length") == std::to_string(whole.body.size()));
  }
  client.send(request_text("GET", "/hello"));
  BOOST_TEST(client.read().body == "hello");
}

BOOST_AUTO_TEST_CASE(lets_others_have_their_turn_between_pipelined_requests) {
  std::vector<std::string> served; // the bodies, in order; by the server's one thread
  std::promise<void> begun, others_are_waiting;
  const auto note = [&](const http::request& asked, const http::responder& respond) {
    served.push_back(asked.body);
    if (asked.body == "first") {
      begun.set_value();
      others_are_waiting.get_future().wait();
    }
    respond(text_response(asked.body));
  };
  http::http_server server{http::router{{{"POST", "/note", note}}}, {.port = 0, .threads = 1}};
  server.start().value();
  raw_client many{server.port()}, other{server.port()};
  other.send(request_text("POST", "/note", "early"));
  other.read();
  auto all = request_text("POST", "/note", "first");
  for (int at = 0; at < 100; ++at)
    all += request_text("POST", "/note", "many");
  many.send(all);
  begun.get_future().wait();
  other.send(request_text("POST", "/note", "other")); // it is at the server once this returns
  others_are_waiting.set_value();
  other.read();
  for (int at = 0; at < 101; ++at)
    many.read();
  server.stop();
  const auto before_it = std::distance(served.begin(), std::ranges::find(served, "other"));
  BOOST_TEST(before_it < 50);
}

BOOST_AUTO_TEST_CASE(tells_which_methods_a_path_has) {
  const echo_service service;
  const auto refused = service.ask(request_text("DELETE", "/stream"));
  BOOST_TEST(refused.status == 405U);
  BOOST_TEST(refused.field("Allow") == "GET, HEAD, POST");
  BOOST_TEST(has_code(refused, "unimplemented"));
  BOOST_TEST(service.ask(request_text("GET", "/echo")).field("Allow") == "POST");
}

BOOST_AUTO_TEST_CASE(finds_nothing_at_an_unknown_path) {
  const echo_service service;
  const auto refused = service.ask(request_text("POST", "/echo/"));
  BOOST_TEST(refused.status == 404U);
  BOOST_TEST(refused.field("Content-Type") == "application/json");
  BOOST_TEST(has_code(refused, "unimplemented"));
  BOOST_TEST(service.ask(request_text("OPTIONS", "*")).status == 404U);
  BOOST_TEST(service.ask(request_text("GET", "/\xff\xfe")).status == 404U);
}

BOOST_AUTO_TEST_CASE(leaves_the_query_out_of_the_path) {
  const echo_service service;
  BOOST_TEST(service.ask(request_text("GET", "/hello?a=b")).body == "hello");
  BOOST_TEST(service.ask(request_text("GET", "http://test/hello?a=b")).body == "hello");
}

BOOST_AUTO_TEST_CASE(keeps_an_old_client_s_connection_only_where_it_asks_for_that) {
  const echo_service service;
  auto keeps = service.connect();
  for (int round = 0; round < 2; ++round) {
    keeps.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    BOOST_TEST(keeps.read().field("Connection") == "keep-alive");
  }
  auto closes = service.connect();
  closes.send("GET /hello HTTP/1.0\r\n\r\n");
  BOOST_TEST(closes.read_to_end().ends_with("\r\n\r\nhello"));
}

BOOST_AUTO_TEST_CASE(closes_where_the_client_wants_it) {
  const echo_service service;
  auto client = service.connect();
  client.send(request_text("GET", "/hello", {}, "Connection: Close\r\n"));
  const auto answer = client.read();
  BOOST_TEST(answer.field("Connection") == "close");
  BOOST_TEST(client.read_to_end() == "");
}

BOOST_AUTO_TEST_CASE(answers_unavailable_for_a_handler_that_does_not_answer) {
  const echo_service service;
  const auto answer = service.ask(request_text("POST", "/dropped"));
  BOOST_TEST(answer.status == 503U);
  BOOST_TEST(has_code(answer, "unavailable"));
}

BOOST_AUTO_TEST_CASE(does_not_tell_why_a_handler_threw) {
  const echo_service service;
  auto client = service.connect();
  client.send(request_text("POST", "/thrown") + request_text("GET", "/hello"));
  const auto answer = client.read();
  BOOST_TEST(answer.status == 500U);
  BOOST_TEST(answer.body.find("secret") == answer.body.npos);
  BOOST_TEST(client.read().body == "hello");
}

BOOST_AUTO_TEST_CASE(takes_the_first_answer_from_any_thread) {
  echo_service service;
  auto client = service.connect();
  client.send(request_text("POST", "/held"));
  const auto call = service.held.next();
  call(text_response("first"));
  call(text_response("second"));
  BOOST_TEST(client.read().body == "first");
  client.send(request_text("GET", "/hello"));
  BOOST_TEST(client.read().body == "hello");
}

BOOST_AUTO_TEST_CASE(gives_a_call_up_after_its_time) {
  echo_service service{{.answer_timeout = 20ms}};
  auto client = service.connect();
  client.send(request_text("POST", "/held"));
  const auto call = service.held.next();
  const auto answer = client.read();
  BOOST_TEST(answer.status == 504U);
  BOOST_TEST(has_code(answer, "deadline_exceeded"));
  call(text_response("too late"));
  client.send(request_text("GET", "/hello"));
  BOOST_TEST(client.read().body == "hello");
}

BOOST_AUTO_TEST_CASE(does_not_wait_for_ever_for_a_header) {
  const echo_service service{{.receive_timeout = 20ms}};
  const auto answer = service.ask("GET /hello HTTP/1.1\r\nHo");
  BOOST_TEST(answer.status == 408U);
  BOOST_TEST(answer.field("Connection") == "close");
}

BOOST_AUTO_TEST_CASE(does_not_wait_for_ever_for_a_body) {
  const echo_service service{{.receive_timeout = 20ms}};
  BOOST_TEST(
      service.ask("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhel").status ==
      408U);
}

BOOST_AUTO_TEST_CASE(counts_a_request_s_time_from_its_first_byte_whatever_follows) {
  const echo_service service{{.receive_timeout = 20ms, .linger_timeout = 20ms}};
  auto client = service.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4000000\r\n\r\n");
  client.send_until_closed("x"); // ends, though each read succeeds
}

BOOST_AUTO_TEST_CASE(closes_an_idle_connection_without_a_word) {
  const echo_service service{{.idle_timeout = 20ms}};
  BOOST_TEST(service.connect().read_to_end() == "");
  auto used = service.connect();
  used.send(request_text("GET", "/hello"));
  BOOST_TEST(used.read().status == 200U);
  BOOST_TEST(used.read_to_end() == "");
}

BOOST_AUTO_TEST_CASE(does_not_wait_for_ever_for_a_client_to_take_its_answer) {
  const temporary_folder folder;
  const echo_service service{{.unix_socket = folder / "socket", .write_timeout = 20ms}};
  // Of a TCP connection that is closed before all was taken, a client that takes nothing sees
  // nothing.
  raw_client client{folder / "socket"};
  client.send(request_text("GET", "/large"));
  client.wait_for_close();
}

BOOST_AUTO_TEST_CASE(counts_a_streamed_body) {
  const echo_service service;
  auto client = service.connect();
  client.send(request_text("POST", "/stream", std::string(1'000'000, 'x')));
  BOOST_TEST(client.read().body == "1000000");
  client.send("POST /stream HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
              "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
  BOOST_TEST(client.read().body == "6");
  client.send(request_text("POST", "/stream"));
  BOOST_TEST(client.read().body == "0");
}

BOOST_AUTO_TEST_CASE(asks_for_a_streamed_body) {
  const echo_service service;
  auto client = service.connect();
  client.send(request_text("POST", "/stream", {}, "Expect: 100-continue\r\nContent-Length: 5\r\n"));
  BOOST_TEST(client.read_head().status == 100U);
  client.send("hello");
  BOOST_TEST(client.read().body == "5");
}

BOOST_AUTO_TEST_CASE(tells_a_stream_s_handler_what_is_wrong_with_its_chunks) {
  const echo_service service;
  const std::string head =
      "POST /stream HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto malformed = service.ask(head + "5\r\nhello!\r\n0\r\n\r\n");
  BOOST_TEST(malformed.status == 400U);
  BOOST_TEST(malformed.field("Connection") == "close");
  const auto endless = service.ask(head + "5;" + std::string(200'000, 'x'));
  BOOST_TEST(endless.status == 400U);
  BOOST_TEST(has_code(endless, "invalid_argument"));
}

BOOST_AUTO_TEST_CASE(gives_a_stream_up_that_stands_still) {
  const temporary_folder folder;
  const echo_service service{{.unix_socket = folder / "socket", .stream_grace = 20ms}};
  const auto answer =
      service.ask("POST /stream HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhel");
  BOOST_TEST(has_code(answer, "deadline_exceeded"));
  raw_client takes_nothing{folder / "socket"};
  takes_nothing.send(request_text("GET", "/stalled"));
  takes_nothing.wait_for_close();
}

BOOST_AUTO_TEST_CASE(cuts_an_answer_that_was_left_incomplete) {
  const echo_service service;
  auto client = service.connect();
  client.send(request_text("GET", "/short") + request_text("GET", "/hello"));
  const auto answer = client.read_to_end();
  BOOST_TEST(answer.ends_with("\r\n\r\nonly this"));
}

BOOST_AUTO_TEST_CASE(answers_a_stream_whose_request_was_not_read) {
  const echo_service service;
  for (int round = 0; round < 20; ++round) {
    auto client = service.connect();
    client.send(request_text("GET", "/stream", std::string(200'000, 'x')));
    BOOST_TEST(client.read_to_end().ends_with("\r\n\r\nstreamed"));
  }
}

BOOST_AUTO_TEST_CASE(asks_for_an_access_token) {
  const echo_service service{{}, http::access_tokens{{"one", "two"}}};
  const auto status = [&](std::string_view path, std::string_view fields) {
    return service.ask(request_text("GET", path, {}, fields)).status;
  };
  BOOST_TEST(status("/hello", "Authorization: Bearer two\r\n") == 200U);
  BOOST_TEST(status("/hello", "authorization: bearer one\r\n") == 200U);
  BOOST_TEST(status("/open", "") == 200U);
  for (const auto* fields : {"", "Authorization: Bearer three\r\n", "Authorization: Bearer\r\n",
                             "Authorization: one\r\n", "Authorization: Basic one\r\n"}) {
    BOOST_TEST(status("/hello", fields) == 401U);
    BOOST_TEST(status("/nowhere", fields) == 401U);
  }
}

BOOST_AUTO_TEST_CASE(says_how_an_access_token_is_given) {
  const echo_service service{{}, http::access_tokens{{"one"}}};
  const auto refused = service.ask(request_text("POST", "/echo", "hello"));
  BOOST_TEST(refused.status == 401U);
  BOOST_TEST(refused.field("WWW-Authenticate") == "Bearer");
  BOOST_TEST(has_code(refused, "unauthenticated"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
