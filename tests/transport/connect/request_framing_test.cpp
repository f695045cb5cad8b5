#include "echo_service.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace deja::testing;

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

std::string chunked(std::string_view chunks, std::string_view path = "/echo") {
  return "POST " + std::string{path} +
         " HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{chunks};
}

struct malformed {
  std::string_view what;
  std::string text;
};

std::ostream& operator<<(std::ostream& out, const malformed& one) {
  return out << one.what;
}

std::string post_with(std::string_view fields, std::string_view body) {
  return "POST /echo HTTP/1.1\r\nHost: test\r\n" + std::string{fields} + "\r\n" + std::string{body};
}

// What two parsers could read in two ways, and what is no HTTP.
const std::vector<malformed> refused_with_400 = {
    {"a length and a coding",
     post_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
    {"a coding and a length",
     post_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
    {"two lengths", post_with("Content-Length: 5\r\nContent-Length: 6\r\n", "hello")},
    {"two equal lengths", post_with("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
    {"a list of lengths", post_with("Content-Length: 5, 5\r\n", "hello")},
    {"a signed length", post_with("Content-Length: +5\r\n", "hello")},
    {"a negative length", post_with("Content-Length: -5\r\n", "hello")},
    {"a hexadecimal length", post_with("Content-Length: 0x5\r\n", "hello")},
    {"an empty length", post_with("Content-Length: \r\n", "hello")},
    {"a length of too many digits", post_with("Content-Length: 18446744073709551621\r\n", "hello")},
    {"an unknown coding", post_with("Transfer-Encoding: gzip\r\n", "hello")},
    {"a list of codings", post_with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
    {"chunked twice", post_with("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
    {"two codings",
     post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n")},
    {"a coding with a control character", post_with("Transfer-Encoding: \vchunked\r\n", "")},
    {"space before the colon", post_with("Content-Length : 5\r\n", "hello")},
    {"space before the name", "POST /echo HTTP/1.1\r\n Host: test\r\n\r\n"},
    {"a folded value", post_with("X-Folded: one\r\n two\r\n", "")},
    {"a folded coding", post_with("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")},
    {"a fold of nothing", post_with("X-Folded: one\r\n\t\r\n", "")},
    {"a field without a colon", post_with("Nonsense\r\n", "")},
    {"a field without a name", post_with(": value\r\n", "")},
    {"a bare line feed after a field", "GET /hello HTTP/1.1\r\nHost: test\n\r\n"},
    {"a bare carriage return in a field", post_with("X: one\rtwo\r\n", "")},
    {"a zero byte in a field", post_with(std::string_view{"X: one\0two\r\n", 12}, "")},
    {"no host", "GET /hello HTTP/1.1\r\n\r\n"},
    {"two hosts", "GET /hello HTTP/1.1\r\nHost: one\r\nHost: two\r\n\r\n"},
    {"two spaces before the target", "GET  /hello HTTP/1.1\r\nHost: test\r\n\r\n"},
    {"a method that is no token", "G@T /hello HTTP/1.1\r\nHost: test\r\n\r\n"},
    {"a coding in HTTP/1.0",
     "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {"a chunk of no size", chunked("\r\nhello\r\n0\r\n\r\n")},
    {"a chunk with a size that is no number", chunked("five\r\nhello\r\n0\r\n\r\n")},
    {"a chunk with a signed size", chunked("+5\r\nhello\r\n0\r\n\r\n")},
    {"a chunk with a prefixed size", chunked("0x5\r\nhello\r\n0\r\n\r\n")},
    {"a chunk with a size beyond 64 bits", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n")},
    {"a chunk longer than its size", chunked("5\r\nhello!\r\n0\r\n\r\n")},
    {"a chunk that ends in a bare line feed", chunked("5\nhello\r\n0\r\n\r\n")},
    {"a length in a trailer", chunked("5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n")},
    {"a TLS handshake", std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15}},
};

BOOST_AUTO_TEST_SUITE(request_framing)

BOOST_DATA_TEST_CASE(a_malformed_request_ends_the_connection,
                     boost::unit_test::data::make(refused_with_400), one) {
  const echo_service service;
  auto client = service.connect();
  client.send(one.text + request_text("GET", "/hello"));
  const auto answers = client.read_to_end();
  BOOST_TEST(answers.starts_with("HTTP/1.1 400 "), answers);
  BOOST_TEST(count(answers, "HTTP/1.1 ") == 1);
  BOOST_TEST(count(answers, "Connection: close\r\n") == 1);
  BOOST_TEST(count(answers, R"({"code":"invalid_argument")") == 1);
}

BOOST_AUTO_TEST_CASE(what_follows_the_target_is_version_1_0_or_1_1) {
  const echo_service service;
  for (const std::string line :
       {"/hello HTTP/2.0\r\n", "/hello HTTP/1.2\r\n", "/hel lo HTTP/1.1\r\n", "/hello http/1.1\r\n",
        "/hello HTTP/1.1\nX: y\r\n"}) {
    const auto refused = service.ask("GET " + line + "Host: test\r\n\r\n");
    BOOST_TEST(refused.status == 505U, line);
    BOOST_TEST(refused.field("Connection") == "close");
  }
}

BOOST_AUTO_TEST_CASE(a_connection_serves_one_request_after_the_other) {
  const echo_service service;
  auto client = service.connect();
  for (const std::string body : {"one", "two", "three"}) {
    client.send(request_text("POST", "/echo", body));
    BOOST_TEST(client.read().body == body);
  }
}

BOOST_AUTO_TEST_CASE(a_request_may_come_byte_by_byte) {
  const echo_service service;
  auto client = service.connect();
  client.send_slowly(request_text("POST", "/echo", "hello"));
  BOOST_TEST(client.read().body == "hello");
  client.send_slowly(chunked("5;name=value\r\nhello\r\n6\r\n there\r\n0\r\nTrailer: x\r\n\r\n"));
  BOOST_TEST(client.read().body == "hello there");
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
  const echo_service service;
  auto client = service.connect();
  client.send(request_text("POST", "/echo", "one") + request_text("GET", "/nowhere") +
              chunked("5\r\nthree\r\n0\r\n\r\n") + request_text("GET", "/hello"));
  BOOST_TEST(client.read().body == "one");
  BOOST_TEST(client.read().status == 404U);
  BOOST_TEST(client.read().body == "three");
  BOOST_TEST(client.read().body == "hello");
}

BOOST_AUTO_TEST_CASE(a_pipelined_request_waits_for_the_answer_before_it) {
  echo_service service;
  auto client = service.connect();
  client.send(request_text("POST", "/held") + request_text("POST", "/held"));
  service.held.next()(text_response("first"));
  service.held.next()(text_response("second"));
  BOOST_TEST(client.read().body == "first");
  BOOST_TEST(client.read().body == "second");
}

BOOST_AUTO_TEST_CASE(what_follows_the_last_request_does_not_take_its_answer_away) {
  const echo_service service;
  for (int round = 0; round < 20; ++round) {
    auto client = service.connect();
    client.send(request_text("GET", "/hello", {}, "Connection: close\r\n") +
                request_text("POST", "/echo", std::string(200'000, 'x')));
    const auto answers = client.read_to_end();
    BOOST_TEST(answers.ends_with("\r\n\r\nhello"));
    BOOST_TEST(count(answers, "HTTP/1.1 ") == 1);
  }
}

BOOST_AUTO_TEST_CASE(chunks_are_no_header) {
  const echo_service service;
  std::string chunks;
  for (int at = 0; at < 5000; ++at)
    chunks += "1\r\nx\r\n";
  const auto answer = service.ask(chunked(chunks + "0\r\n\r\n"));
  BOOST_TEST(answer.status == 200U);
  BOOST_TEST(answer.body.size() == 5000U);
}

BOOST_AUTO_TEST_CASE(trailers_are_not_believed) {
  const echo_service service;
  auto client = service.connect();
  client.send(chunked("0\r\nConnection: close\r\nHost: other\r\n\r\n"));
  BOOST_TEST(client.read().field("Connection") == "");
  client.send(request_text("GET", "/hello"));
  BOOST_TEST(client.read().body == "hello");
}

BOOST_AUTO_TEST_CASE(an_endless_chunk_header_is_refused) {
  const echo_service service;
  const auto answer = service.ask(chunked("5;" + std::string(200'000, 'x')));
  BOOST_TEST(answer.status == 400U);
}

BOOST_AUTO_TEST_CASE(a_header_up_to_the_limit_is_taken) {
  const echo_service service{{.max_header_bytes = 1000}};
  const auto of_size = [](std::size_t size) {
    const auto rest = request_text("GET", "/hello", {}, "X: \r\n").size();
    return request_text("GET", "/hello", {}, "X: " + std::string(size - rest, 'x') + "\r\n");
  };
  BOOST_TEST(service.ask(of_size(1000)).status == 200U);
  const auto refused = service.ask(of_size(1001));
  BOOST_TEST(refused.status == 431U);
  BOOST_TEST(refused.field("Connection") == "close");
}

BOOST_AUTO_TEST_CASE(a_header_without_end_is_refused) {
  const echo_service service;
  const std::string head = "GET /hello HTTP/1.1\r\nHost: test\r\n";
  std::string lines;
  for (int at = 0; at < 3000; ++at)
    lines += "X: y\r\n";
  const std::string lot(20'000, 'x');
  BOOST_TEST(service.ask(head + lines).status == 431U);
  BOOST_TEST(service.ask(head + "X: " + lot).status == 431U);
  BOOST_TEST(service.ask("GET /" + lot).status == 431U);
}

BOOST_AUTO_TEST_CASE(a_large_header_that_comes_with_its_body_is_measured_without_it) {
  const echo_service service{{.max_header_bytes = 1000}};
  const auto answer = service.ask(request_text("POST", "/echo", std::string(5000, 'y'),
                                               "X: " + std::string(800, 'x') + "\r\n"));
  BOOST_TEST(answer.status == 200U);
  BOOST_TEST(answer.body.size() == 5000U);
}

BOOST_AUTO_TEST_CASE(a_body_up_to_the_limit_is_taken) {
  const echo_service service{{.max_body_bytes = 10}};
  BOOST_TEST(service.ask(request_text("POST", "/echo", "0123456789")).status == 200U);
  const auto refused = service.ask(request_text("POST", "/echo", "0123456789a"));
  BOOST_TEST(refused.status == 413U);
  BOOST_TEST(count(refused.body, R"("code":"resource_exhausted")") == 1);
}

BOOST_AUTO_TEST_CASE(a_body_that_is_announced_too_large_is_not_waited_for) {
  const echo_service service;
  BOOST_TEST(service.ask(request_text("POST", "/echo", {}, "Content-Length: 5000000\r\n")).status ==
             413U);
}

BOOST_AUTO_TEST_CASE(chunks_beyond_the_limit_are_refused) {
  const echo_service service{{.max_body_bytes = 10}};
  BOOST_TEST(service.ask(chunked("6\r\n012345\r\n5\r\n6789a\r\n")).status == 413U);
}

BOOST_AUTO_TEST_CASE(an_early_answer_reaches_a_client_that_sends_on) {
  const echo_service service;
  for (const auto* path : {"/nowhere", "/echo"}) {
    auto client = service.connect();
    client.send(request_text("POST", path, std::string(std::size_t{8} << 20, 'x')));
    const auto answer = client.read_to_end();
    BOOST_TEST(answer.starts_with("HTTP/1.1 4"));
    BOOST_TEST(count(answer, "Connection: close\r\n") == 1);
  }
}

BOOST_AUTO_TEST_CASE(the_body_is_asked_for_where_the_client_waits_for_that) {
  const echo_service service;
  auto client = service.connect();
  client.send(request_text("POST", "/echo", {}, "Expect: 100-continue\r\nContent-Length: 5\r\n"));
  BOOST_TEST(client.read_head().status == 100U);
  client.send("hello");
  BOOST_TEST(client.read().body == "hello");
}

BOOST_AUTO_TEST_CASE(the_body_of_a_refused_request_is_not_asked_for) {
  const echo_service service;
  const auto expecting = [&](std::string_view path, std::string_view size) {
    return service
        .ask(request_text("POST", path, {},
                          "Expect: 100-continue\r\nContent-Length: " + std::string{size} + "\r\n"))
        .status;
  };
  BOOST_TEST(expecting("/nowhere", "5") == 404U);
  BOOST_TEST(expecting("/echo", "5000000") == 413U);
  BOOST_TEST(service.ask(request_text("POST", "/echo", {}, "Expect: magic\r\n")).status == 417U);
}

BOOST_AUTO_TEST_CASE(a_client_that_stops_halfway_gets_no_answer) {
  const echo_service service;
  auto client = service.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhel");
  client.finish_sending();
  BOOST_TEST(client.read_to_end() == "");
}

BOOST_AUTO_TEST_CASE(a_client_that_has_finished_sending_is_answered) {
  const echo_service service;
  auto client = service.connect();
  client.send(request_text("GET", "/hello") + request_text("POST", "/echo", "last"));
  client.finish_sending();
  BOOST_TEST(client.read_to_end().ends_with("last"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
