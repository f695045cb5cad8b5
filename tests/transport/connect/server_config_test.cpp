#include "../../support/results.hpp"

#include <deja/transport/connect/server_config.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;

std::string complaint(const http::server_config& config) {
  const auto valid = config.validate();
  return valid ? "" : valid.error().message;
}

BOOST_AUTO_TEST_SUITE(a_server_config)

BOOST_AUTO_TEST_CASE(is_valid_as_it_comes) {
  BOOST_TEST(complaint({}) == "");
}

BOOST_AUTO_TEST_CASE(names_the_field_that_is_wrong) {
  BOOST_TEST(complaint({.host = ""}).starts_with("server: host "));
  BOOST_TEST(complaint({.threads = 2000}).starts_with("server: threads is 2000"));
  BOOST_TEST(complaint({.backlog = 0}).starts_with("server: backlog is 0"));
  BOOST_TEST(complaint({.max_connections = 0}).starts_with("server: max_connections is 0"));
  BOOST_TEST(complaint({.max_header_bytes = 1}).starts_with("server: max_header_bytes is 1"));
  BOOST_TEST(complaint({.max_body_bytes = 0}).starts_with("server: max_body_bytes is 0"));
  BOOST_TEST(complaint({.idle_timeout = 0s}).starts_with("server: idle_timeout is 0 ns"));
  BOOST_TEST(complaint({.min_stream_rate = 0}).starts_with("server: min_stream_rate is 0"));
  BOOST_TEST(complaint({.drain_timeout = 48h}).starts_with("server: drain_timeout "));
}

BOOST_AUTO_TEST_CASE(takes_an_address_to_listen_on) {
  http::server_config config;
  BOOST_REQUIRE(http::set_listen_address(config, "localhost:80"));
  BOOST_TEST(config.host == "localhost");
  BOOST_TEST(config.port == 80);
  BOOST_REQUIRE(http::set_listen_address(config, "[::1]:0"));
  BOOST_TEST(config.host == "::1");
  BOOST_TEST(config.port == 0);
}

BOOST_AUTO_TEST_CASE(takes_no_other_text_for_an_address) {
  http::server_config config;
  for (const auto* text : {"", ":", ":80", "host", "host:", "host:-1", "host:+1", "host:65536",
                           "host:80x", "::1:80", "[]:80", "[::1]", "[::1:80"})
    BOOST_TEST(code_of(http::set_listen_address(config, text)) == errc::invalid_argument, text);
  BOOST_TEST(config.host == http::server_config{}.host);
  BOOST_TEST(config.port == http::server_config{}.port);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
