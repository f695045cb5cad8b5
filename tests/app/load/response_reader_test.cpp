#include "../../support/results.hpp"

#include <deja/app/load/response_reader.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace {

using namespace deja;
using app::load::response_reader;

/// Gives it these bytes; whether the answer is complete then.
result<bool> give(response_reader& reader, std::string_view bytes) {
  result<bool> done = false;
  while (done && !*done && !bytes.empty()) {
    const auto space = reader.space();
    const auto count = std::min(space.size(), bytes.size());
    std::copy_n(bytes.begin(), count, space.begin());
    bytes.remove_prefix(count);
    done = reader.took(count);
  }
  return done;
}

struct expected {
  std::string bytes;
  int status = 200;
  std::string body;
  std::string type = "application/proto";
  bool goes_on = true;
  bool at_end = false; ///< The connection's end ends it.
};

const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\n";

std::vector<expected> answers() {
  return {
      {head + "Content-Length: 5\r\n\r\nhello", 200, "hello"},
      {head + "content-length:0\r\n\r\n", 200, ""},
      {head + "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", 200, "hello!"},
      {head + "Transfer-Encoding: chunked\r\n\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
       200, "0123456789"},
      {head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, ""},
      {"HTTP/1.1 404 Not Found\r\nContent-Type:  application/json; charset=utf-8 \r\n"
       "Content-Length: 2\r\nConnection: close\r\n\r\n{}",
       404, "{}", "application/json", false},
      {"HTTP/1.0 200 OK\r\nContent-Type: application/proto\r\nContent-Length: 1\r\n\r\nx", 200, "x",
       "application/proto", false},
      {"HTTP/1.1 100 Continue\r\n\r\n" + head + "Content-Length: 1\r\n\r\nx", 200, "x"},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", ""},
      {head + "\r\nuntil the end", 200, "until the end", "application/proto", false, true},
  };
}

void check(response_reader& reader, const expected& due) {
  BOOST_TEST(reader.status() == due.status);
  BOOST_TEST(reader.body() == due.body);
  BOOST_TEST(reader.content_type() == due.type);
  BOOST_TEST(reader.can_go_on() == due.goes_on);
}

std::string text_of(const result<bool>& done) {
  return done ? "none" : done.error().message;
}

BOOST_AUTO_TEST_SUITE(a_reader_of_answers)

BOOST_AUTO_TEST_CASE(reads_them_wherever_they_are_split) {
  for (const auto& due : answers())
    for (std::size_t at = 1; at < due.bytes.size(); ++at) {
      BOOST_TEST_CONTEXT(due.bytes << " split at " << at) {
        response_reader reader;
        auto done = give(reader, std::string_view{due.bytes}.substr(0, at));
        BOOST_REQUIRE(done.has_value());
        BOOST_REQUIRE(!*done);
        done = give(reader, std::string_view{due.bytes}.substr(at));
        if (due.at_end)
          done = reader.took(0);
        BOOST_REQUIRE(done.has_value());
        BOOST_REQUIRE(*done);
        check(reader, due);
      }
    }
}

BOOST_AUTO_TEST_CASE(reads_them_byte_by_byte_and_one_after_the_other) {
  response_reader reader;
  for (int round = 0; round < 3; ++round)
    for (const auto& due : answers())
      BOOST_TEST_CONTEXT(due.bytes) {
        result<bool> done = false;
        for (const char c : due.bytes) {
          BOOST_REQUIRE(done.has_value());
          BOOST_REQUIRE(!*done);
          done = give(reader, {&c, 1});
        }
        if (due.at_end)
          done = reader.took(0);
        BOOST_REQUIRE(done.has_value());
        BOOST_REQUIRE(*done);
        check(reader, due);
        reader.next();
      }
}

BOOST_AUTO_TEST_CASE(reads_large_bodies) {
  const std::string body(3'000'000, 'x');
  for (const bool chunked : {false, true}) {
    response_reader reader;
    std::string bytes = head;
    if (chunked)
      bytes += "Transfer-Encoding: chunked\r\n\r\n2DC6C0\r\n" + body + "\r\n0\r\n\r\n";
    else
      bytes += "Content-Length: 3000000\r\n\r\n" + body;
    const auto done = give(reader, bytes);
    BOOST_REQUIRE(done.has_value());
    BOOST_TEST(*done);
    BOOST_TEST((reader.body() == body));
    BOOST_TEST(reader.content_type() == "application/proto");
  }
}

BOOST_AUTO_TEST_CASE(does_not_go_on_where_more_came_than_was_asked_for) {
  response_reader reader;
  BOOST_TEST(give(reader, head + "Content-Length: 1\r\n\r\nxHTTP/1.1 200").value());
  BOOST_TEST(reader.body() == "x");
  BOOST_TEST(!reader.can_go_on());
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_answer) {
  for (const std::string& bad : std::vector{
           std::string{"SSH-2.0-OpenSSH\r\n"}, std::string{"HTTP/2 200\r\n\r\n"},
           std::string{"HTTP/1.1 20 OK\r\n\r\n"}, std::string{"HTTP/1.1 099 x\r\n\r\n"},
           head + "no colon\r\n\r\n", head + "Content-Length: -1\r\n\r\n",
           head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
           head + "Content-Length: 99999999999\r\n\r\n", head + "Transfer-Encoding: gzip\r\n\r\n",
           head + "Content-Encoding: gzip\r\n\r\n",
           head + "Transfer-Encoding: chunked\r\n\r\nz\r\n",
           head + "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
           head + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n",
           "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x')}) {
    response_reader reader;
    const auto done = give(reader, bad);
    BOOST_TEST(!done.has_value(), bad.substr(0, 100));
  }
}

BOOST_AUTO_TEST_CASE(tells_an_answer_that_was_cut_off_from_none) {
  response_reader none, some;
  BOOST_TEST((none.took(0).error().code == errc::unavailable));
  BOOST_TEST(!give(some, head + "Content-Length: 5\r\n\r\nhel").value());
  const auto done = some.took(0);
  BOOST_TEST((!done && done.error().code == errc::internal), text_of(done));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
