#include "echo_service.hpp"

#include "../../support/results.hpp"
#include "../../support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;

result<void> start(const http::server_config& config) {
  return http::http_server{http::router{{}}, config}.start();
}

/// A socket's file as a process leaves it that was killed.
void leave_socket(const std::filesystem::path& path) {
  const file_descriptor socket{::socket(AF_UNIX, SOCK_STREAM, 0)};
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_REQUIRE(
      ::bind(socket.get(), reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0);
}

/// Has a server begin to stop, and waits at its end until it has.
class stopping {
public:
  explicit stopping(echo_service& service) {
    auto idle = service.connect();
    idle.send(request_text("GET", "/hello"));
    idle.read();
    thread_ = std::thread{[&service] {
      service.server.stop();
    }};
    idle.read_to_end(); // idle connections are the first to go
  }

  ~stopping() { join(); }

  void join() {
    if (thread_.joinable())
      thread_.join();
  }

private:
  std::thread thread_;
};

BOOST_AUTO_TEST_SUITE(an_http_server)

BOOST_AUTO_TEST_CASE(serves_many_connections_on_several_threads) {
  const echo_service service{{.threads = 3}};
  std::vector<raw_client> clients;
  for (int at = 0; at < 50; ++at)
    clients.push_back(service.connect());
  for (auto& client : clients)
    client.send(request_text("POST", "/echo", std::string(1000, 'x')));
  for (auto& client : clients)
    BOOST_TEST(client.read().body.size() == 1000U);
}

BOOST_AUTO_TEST_CASE(listens_on_a_unix_socket_of_its_user) {
  const temporary_folder folder;
  const auto path = folder / "socket";
  {
    const echo_service service{{.unix_socket = path}};
    using std::filesystem::perms;
    BOOST_CHECK(std::filesystem::status(path).permissions() ==
                (perms::owner_read | perms::owner_write));
    raw_client client{path};
    client.send(request_text("POST", "/echo", "hello"));
    BOOST_TEST(client.read().body == "hello");
  }
  BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(replaces_a_socket_that_nobody_listens_on) {
  const temporary_folder folder;
  const auto path = folder / "socket";
  leave_socket(path);
  const echo_service service{{.unix_socket = path}};
  raw_client client{path};
  client.send(request_text("GET", "/hello"));
  BOOST_TEST(client.read().body == "hello");
}

BOOST_AUTO_TEST_CASE(leaves_a_socket_alone_that_somebody_listens_on) {
  const temporary_folder folder;
  const auto path = folder / "socket";
  const echo_service service{{.unix_socket = path}};
  BOOST_TEST(code_of(start({.port = 0, .unix_socket = path})) == errc::failed_precondition);
  raw_client client{path};
  client.send(request_text("GET", "/hello"));
  BOOST_TEST(client.read().body == "hello");
}

BOOST_AUTO_TEST_CASE(leaves_a_file_alone_that_is_no_socket) {
  const temporary_folder folder;
  const auto path = folder / "notes";
  std::ofstream{path} << "precious";
  BOOST_TEST(code_of(start({.port = 0, .unix_socket = path})) == errc::failed_precondition);
  std::string text;
  std::ifstream{path} >> text;
  BOOST_TEST(text == "precious");
}

BOOST_AUTO_TEST_CASE(leaves_its_successor_s_socket_alone) {
  const temporary_folder folder;
  const auto path = folder / "socket";
  echo_service old{{.unix_socket = path}};
  auto caller = old.connect();
  caller.send(request_text("POST", "/held"));
  const auto call = old.held.next();
  stopping stop{old};
  const echo_service successor{{.unix_socket = path}};
  call(text_response("done"));
  stop.join();
  raw_client client{path};
  client.send(request_text("GET", "/hello"));
  BOOST_TEST(client.read().body == "hello");
}

BOOST_AUTO_TEST_CASE(says_what_it_can_t_listen_on) {
  const temporary_folder folder;
  const echo_service service;
  BOOST_TEST(code_of(start({.port = service.server.port()})) == errc::failed_precondition);
  BOOST_TEST(code_of(start({.host = "no.such.host.invalid", .port = 0})) == errc::invalid_argument);
  BOOST_TEST(code_of(start({.host = "", .port = 0})) == errc::invalid_argument);
  BOOST_TEST(code_of(start({.port = 0, .unix_socket = folder / "nowhere/socket"})) ==
             errc::failed_precondition);
  BOOST_TEST(code_of(start({.port = 0, .unix_socket = folder / std::string(200, 'x')})) ==
             errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(turns_connections_beyond_its_limit_away) {
  const echo_service service{{.threads = 1, .max_connections = 1}};
  auto first = service.connect();
  first.send(request_text("GET", "/hello"));
  BOOST_TEST(first.read().status == 200U);
  auto second = service.connect();
  const auto refused = second.read();
  BOOST_TEST(refused.status == 503U);
  BOOST_TEST(refused.body.starts_with(R"({"code":"unavailable")"));
  first.send(request_text("GET", "/hello", {}, "Connection: close\r\n"));
  first.read_to_end();
  BOOST_TEST(service.ask(request_text("GET", "/hello")).status == 200U);
}

BOOST_AUTO_TEST_CASE(finishes_what_is_under_way_before_it_stops) {
  echo_service service;
  auto caller = service.connect();
  caller.send(request_text("POST", "/held"));
  const auto call = service.held.next();
  const stopping stop{service};
  call(text_response("done"));
  const auto answer = caller.read();
  BOOST_TEST(answer.body == "done");
  BOOST_TEST(answer.field("Connection") == "close");
}

BOOST_AUTO_TEST_CASE(takes_no_connections_once_it_stops) {
  echo_service service{{.threads = 1}};
  auto caller = service.connect();
  caller.send(request_text("POST", "/held"));
  const auto call = service.held.next();
  const stopping stop{service};
  BOOST_CHECK_THROW(service.connect(), std::system_error);
  call(text_response("done"));
}

BOOST_AUTO_TEST_CASE(cuts_what_does_not_finish_in_time) {
  echo_service service{{.drain_timeout = 20ms}};
  auto caller = service.connect();
  caller.send(request_text("POST", "/held"));
  auto slow = service.connect();
  slow.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhel");
  const auto call = service.held.next();
  service.server.stop();
  BOOST_TEST(caller.read_to_end() == "");
  call(text_response("too late")); // harmless
}

BOOST_AUTO_TEST_CASE(stops_twice) {
  echo_service service;
  service.server.stop();
  service.server.stop();
  BOOST_TEST(service.server.port() != 0);
}

BOOST_AUTO_TEST_CASE(stops_before_it_has_started) {
  http::http_server server{http::router{{}}, {}};
  server.stop();
  BOOST_TEST(server.port() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
