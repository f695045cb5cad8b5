#include "echo_service.hpp"

#include <deja/transport/connect/session.hpp>

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using steady = std::chrono::steady_clock;

constexpr duration limit = 50ms;

/// A loop that turns when the test says so, with one connection.
struct loop_fixture {
  loop_fixture() {
    connect();
    loop.context().poll();
  }

  ~loop_fixture() {
    loop.finish();
    loop.cut();
    loop.run();
  }

  void connect() {
    asio::local::stream_protocol::socket there{loop.context()};
    client = asio::local::stream_protocol::socket{beside};
    asio::local::connect_pair(client, there);
    client.non_blocking(true);
    std::make_shared<http::session>(loop, std::move(there), what, [] {})->start();
  }

  void ask() { asio::write(client, asio::buffer(request_text("POST", "/held"))); }

  /// What has come from the service by now.
  std::string answer() {
    std::string came(1024, '\0');
    boost::system::error_code nothing;
    came.resize(client.read_some(asio::buffer(came), nothing));
    return came;
  }

  /// The loop does not turn for longer than any deadline.
  static void stand_still() {
    const auto end = steady::now() + 2 * limit;
    while (steady::now() < end)
      std::this_thread::yield();
  }

  std::vector<http::responder> held;
  const std::shared_ptr<const http::served> what{
      new http::served{http::router{{{"POST", "/held",
                                      [this](const http::request&, const http::responder& respond) {
                                        held.push_back(respond);
                                      }}}},
                       {.receive_timeout = limit, .answer_timeout = limit},
                       std::nullopt}};
  http::event_loop loop{1ms};
  asio::io_context beside;
  asio::local::stream_protocol::socket client{beside};
};

BOOST_FIXTURE_TEST_SUITE(an_event_loop, loop_fixture)

BOOST_AUTO_TEST_CASE(gives_a_call_its_time_that_came_while_the_process_stood_still) {
  ask();
  stand_still();
  loop.context().poll();
  BOOST_TEST(held.size() == 1U);
  BOOST_TEST(answer() == "");
}

BOOST_AUTO_TEST_CASE(gives_a_call_its_time_that_waited_while_the_process_stood_still) {
  ask();
  loop.context().poll();
  BOOST_REQUIRE(held.size() == 1U);
  stand_still();
  loop.context().poll();
  BOOST_TEST(answer() == "");
}

BOOST_AUTO_TEST_CASE(gives_a_call_up_after_its_time) {
  ask();
  std::string told;
  while (told.empty()) {
    loop.context().poll();
    told = answer();
  }
  BOOST_TEST(told.starts_with("HTTP/1.1 504 "));
}

BOOST_AUTO_TEST_CASE(serves_what_came_before_it_drains) {
  ask();
  loop.drain(); // in the same turn
  loop.context().poll();
  BOOST_REQUIRE(held.size() == 1U);
  held.front()(text_response("done"));
  loop.context().poll();
  const auto told = answer();
  BOOST_TEST(told.starts_with("HTTP/1.1 200 "));
  BOOST_TEST(told.find("Connection: close\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(serves_a_connection_that_came_before_it_drains) {
  loop.drain();
  connect();
  ask();
  loop.context().poll();
  BOOST_TEST(held.size() == 1U);
}

BOOST_AUTO_TEST_CASE(serves_a_request_whose_first_part_came_before_it_drains) {
  const auto request = request_text("POST", "/held", "body");
  asio::write(client, asio::buffer(request.substr(0, 10)));
  loop.drain();
  loop.context().poll();
  asio::write(client, asio::buffer(request.substr(10)));
  loop.context().poll();
  BOOST_TEST(held.size() == 1U);
}

BOOST_AUTO_TEST_CASE(serves_nothing_once_it_is_cut) {
  ask();
  loop.cut();
  loop.context().poll();
  BOOST_TEST(held.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
