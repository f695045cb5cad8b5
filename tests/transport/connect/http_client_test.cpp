#include "../../support/results.hpp"
#include "fake_service.hpp"

#include <deja/transport/connect/http_client.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <stdlib.h>
#include <sys/socket.h>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;

http_client client_of(const std::string& url) {
  return http_client{parse_service_url(url).value(), url};
}

http_request post(std::string body = "hello", duration timeout = 10s) {
  http_request request;
  request.method = "POST";
  request.path = "/x";
  request.body = std::move(body);
  request.timeout = timeout;
  return request;
}

/// Whether `call` takes less than 5 s, where it would take for ever without a deadline.
template <class Call>
bool is_quick(Call call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::steady_clock::now() - start < 5s;
}

BOOST_AUTO_TEST_SUITE(an_http_client)

BOOST_AUTO_TEST_CASE(gets_status_type_and_body) {
  fake_service service{{answering({answer(418, "text/tea", "short and stout")})}};
  auto client = client_of(service.url());
  const auto got = client.send(post());
  BOOST_REQUIRE_EQUAL(code_of(got), errc::ok);
  BOOST_TEST(got->status == 418);
  BOOST_TEST(got->content_type == "text/tea");
  BOOST_TEST(got->body == "short and stout");
  BOOST_TEST(!got->repeated);
}

BOOST_AUTO_TEST_CASE(keeps_its_connection) {
  fake_service service{{answering(std::vector<std::string>(5, proto_answer("x")))}};
  auto client = client_of(service.url());
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(code_of(client.send(post())) == errc::ok);
  BOOST_TEST(service.accepted() == 1U);
}

BOOST_AUTO_TEST_CASE(sends_header_and_body_without_asking_for_compression) {
  std::string seen;
  {
    fake_service service{{[&](peer& client) {
      seen = client.request();
      client.send(proto_answer(""));
    }}};
    auto client = client_of(service.url());
    auto request = post("some\0bytes");
    request.headers.emplace_back("X-Thing", "value");
    BOOST_TEST(code_of(client.send(request)) == errc::ok);
  }
  BOOST_TEST(seen.starts_with("POST /x HTTP/1.1\r\n"));
  BOOST_TEST(seen.find("X-Thing: value\r\n") != seen.npos);
  BOOST_TEST(seen.find("gzip") == seen.npos);
  BOOST_TEST(seen.ends_with("\r\n\r\nsome"));
}

BOOST_AUTO_TEST_CASE(says_where_nobody_listens) {
  std::string url;
  { url = fake_service{{}}.url(); }
  const auto got = client_of(url).send(post());
  BOOST_TEST(code_of(got) == errc::unavailable);
  BOOST_TEST(got.error().message == "could not reach cache service at " + url + ": no connection");
}

BOOST_AUTO_TEST_CASE(gives_up_on_a_silent_service) {
  fake_service service{{[](peer& client) {
    client.wait_for_close();
  }}};
  auto client = client_of(service.url());
  BOOST_TEST(is_quick(
      [&] { BOOST_TEST(code_of(client.send(post("", 50ms))) == errc::deadline_exceeded); }));
}

BOOST_AUTO_TEST_CASE(gives_up_on_a_trickled_header) {
  fake_service service{{[](peer& client) {
    client.request();
    client.send("HTTP/1.1 200 OK\r\nX-Long: ");
    client.trickle("a");
  }}};
  auto client = client_of(service.url());
  BOOST_TEST(is_quick(
      [&] { BOOST_TEST(code_of(client.send(post("", 100ms))) == errc::deadline_exceeded); }));
}

BOOST_AUTO_TEST_CASE(gives_up_on_endless_header_lines) {
  fake_service service{{[](peer& client) {
    client.request();
    client.send("HTTP/1.1 200 OK\r\n");
    client.trickle("X: y\r\n");
  }}};
  auto client = client_of(service.url());
  BOOST_TEST(is_quick(
      [&] { BOOST_TEST(code_of(client.send(post("", 100ms))) == errc::deadline_exceeded); }));
}

BOOST_AUTO_TEST_CASE(gives_up_on_a_trickled_body) {
  fake_service service{{[](peer& client) {
    client.request();
    client.send("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n");
    client.trickle("a");
  }}};
  auto client = client_of(service.url());
  BOOST_TEST(is_quick(
      [&] { BOOST_TEST(code_of(client.send(post("", 100ms))) == errc::deadline_exceeded); }));
}

BOOST_AUTO_TEST_CASE(gives_up_on_a_service_that_takes_no_body) {
  fake_service service{{[](peer& client) {
    client.ignore();
  }}};
  auto client = client_of(service.url());
  const std::string large(std::size_t{64} << 20, 'x');
  BOOST_TEST(is_quick(
      [&] { BOOST_TEST(code_of(client.send(post(large, 100ms))) == errc::deadline_exceeded); }));
}

BOOST_AUTO_TEST_CASE(lets_a_moving_body_take_longer_than_its_patience) {
  fake_service service{{[](peer& client) {
    client.request();
    client.send("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n");
    client.trickle("a");
  }}};
  auto client = client_of(service.url());
  auto request = post("", 200ms); // 300 bytes take 600 ms
  request.while_moving = true;
  const auto got = client.send(request);
  BOOST_REQUIRE_EQUAL(code_of(got), errc::ok);
  BOOST_TEST(got->body == std::string(300, 'a'));
}

BOOST_AUTO_TEST_CASE(has_no_time_when_there_is_none) {
  fake_service service{{}};
  BOOST_TEST(code_of(client_of(service.url()).send(post("", 0s))) == errc::deadline_exceeded);
  BOOST_TEST(service.accepted() == 0U);
}

BOOST_AUTO_TEST_CASE(works_again_after_a_deadline) {
  fake_service service{
      {[](peer& client) { client.wait_for_close(); }, answering({proto_answer("x")})}};
  auto client = client_of(service.url());
  BOOST_TEST(code_of(client.send(post("", 50ms))) == errc::deadline_exceeded);
  BOOST_TEST(code_of(client.send(post())) == errc::ok);
}

BOOST_AUTO_TEST_CASE(calls_garbage_unavailable) {
  fake_service service{{answering({"220 mail.example.org ESMTP\r\n\r\n"})}};
  BOOST_TEST(code_of(client_of(service.url()).send(post())) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(calls_a_closed_connection_unavailable) {
  fake_service service{{[](peer& client) {
    client.request();
  }}};
  BOOST_TEST(code_of(client_of(service.url()).send(post())) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(calls_a_cut_off_body_internal) {
  fake_service service{{[](peer& client) {
    client.request();
    client.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  }}};
  const auto got = client_of(service.url()).send(post());
  BOOST_TEST(code_of(got) == errc::internal);
  BOOST_TEST(got.error().message.find("cut off after 4 bytes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(stops_at_the_limit_of_an_answer) {
  fake_service service{{[](peer& client) {
    client.request();
    client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (client.send("400\r\n" + std::string(0x400, 'x') + "\r\n")) {
    }
  }}};
  auto request = post();
  request.answer_limit = 10'000;
  const auto got = client_of(service.url()).send(request);
  BOOST_TEST(code_of(got) == errc::internal);
  BOOST_TEST(got.error().message.find("limit of 10000 bytes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(refuses_compression_it_did_not_ask_for) {
  fake_service service{
      {answering({"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"})}};
  BOOST_TEST(code_of(client_of(service.url()).send(post())) == errc::internal);
}

BOOST_AUTO_TEST_CASE(sends_again_over_a_connection_that_had_gone_stale) {
  // The first connection answers once, takes the second request, and closes without an answer.
  fake_service service{{[](peer& client) {
                          client.request();
                          client.send(proto_answer("first"));
                          client.request();
                        },
                        answering({proto_answer("second")})}};
  auto client = client_of(service.url());
  BOOST_TEST(code_of(client.send(post())) == errc::ok);
  const auto got = client.send(post());
  BOOST_REQUIRE_EQUAL(code_of(got), errc::ok);
  BOOST_TEST(got->body == "second");
  BOOST_TEST(got->repeated);
}

BOOST_AUTO_TEST_CASE(sends_again_only_once) {
  fake_service service{{[](peer& client) {
                          client.request();
                          client.send(proto_answer("first"));
                          client.request();
                        },
                        [](peer& client) { client.request(); },
                        answering({proto_answer("never asked")})}};
  auto client = client_of(service.url());
  BOOST_TEST(code_of(client.send(post())) == errc::ok);
  BOOST_TEST(code_of(client.send(post())) == errc::unavailable);
  BOOST_TEST(service.accepted() == 2U);
}

BOOST_AUTO_TEST_CASE(refuses_header_values_that_would_end_the_line) {
  fake_service service{{}};
  auto request = post();
  request.headers.emplace_back("traceparent", "00\r\nX-Evil: 1");
  BOOST_TEST(code_of(client_of(service.url()).send(request)) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(streams_a_body_from_its_source) {
  std::string seen;
  const std::string content(1'000'000, 'b');
  {
    fake_service service{{[&](peer& client) {
      seen = client.request();
      client.send(proto_answer(""));
    }}};
    auto request = post("");
    request.body_size = content.size();
    request.source = [&](std::uint64_t offset, std::span<char> buffer) -> result<std::size_t> {
      return content.copy(buffer.data(), buffer.size(), offset);
    };
    BOOST_TEST(code_of(client_of(service.url()).send(request)) == errc::ok);
  }
  BOOST_TEST(seen.ends_with("\r\n\r\n" + content));
}

BOOST_AUTO_TEST_CASE(tells_of_a_source_that_ends_early) {
  fake_service service{{[](peer& client) {
    client.wait_for_close();
  }}};
  auto request = post("");
  request.body_size = 10;
  request.source = [](std::uint64_t offset, std::span<char> buffer) -> result<std::size_t> {
    if (offset >= 4)
      return std::size_t{0};
    buffer[0] = 'x';
    return std::size_t{1};
  };
  const auto got = client_of(service.url()).send(request);
  BOOST_TEST(code_of(got) == errc::invalid_argument);
  BOOST_TEST(got.error().message.find("after 4 of 10 bytes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(passes_on_what_stops_its_receiver) {
  fake_service service{{answering({proto_answer("content")})}};
  auto request = post();
  request.receive = [](std::string_view) -> result<void> {
    return error{errc::resource_exhausted, "disk full"};
  };
  BOOST_TEST(code_of(client_of(service.url()).send(request)) == errc::resource_exhausted);
}

BOOST_AUTO_TEST_CASE(reaches_unix_sockets_also_by_long_paths) {
  std::string folder = std::filesystem::temp_directory_path() / "deja-XXXXXX";
  BOOST_REQUIRE(::mkdtemp(folder.data()) != nullptr);
  for (const auto& name : {std::string{"s"}, std::string(120, 'l') + "/s"}) {
    const auto path = folder + '/' + name;
    std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
    fake_service service{path, {answering({proto_answer("x")})}};
    BOOST_TEST(code_of(client_of(service.url()).send(post())) == errc::ok);
  }
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_service_url)

BOOST_AUTO_TEST_CASE(has_a_host_and_a_port_or_a_socket) {
  BOOST_TEST(parse_service_url("http://cache:8094")->host == "cache");
  BOOST_TEST(parse_service_url("http://cache:8094/")->port == 8094);
  BOOST_TEST(parse_service_url("http://cache")->port == 80);
  BOOST_TEST(parse_service_url("https://cache")->port == 443);
  BOOST_TEST(parse_service_url("http://[::1]:1")->host == "::1");
  BOOST_TEST(parse_service_url("unix:/run/s")->path == "/run/s");
  BOOST_TEST(parse_service_url("unix:///run/s")->path == "/run/s");
}

BOOST_AUTO_TEST_CASE(is_nothing_else) {
  for (const auto* wrong :
       {"", "cache:8094", "ftp://cache", "http://", "http://:80", "http://cache:0",
        "http://cache:65536", "http://cache:8o", "http://cache:", "http://cache/path",
        "http://cache:80/path", "http://user@cache", "http://[::1", "http://[::1]x",
        "unix:", "unix:relative", "unix:/folder/", "http://a b", "http://a\r\nb"})
    BOOST_TEST(parse_service_url(wrong).has_error(), wrong);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
