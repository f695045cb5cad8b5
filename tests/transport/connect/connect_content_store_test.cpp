#include "../../support/results.hpp"
#include "../../support/temporary_folder.hpp"
#include "fake_service.hpp"

#include <deja/transport/connect/connect_endpoint.hpp>

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace {

using namespace deja;
using namespace deja::testing;
namespace fs = std::filesystem;

const std::string small = "small content";
const std::string large(200'000, 'l');

std::unique_ptr<content_store> store_at(const fake_service& service) {
  return make_connect_content_store({.url = service.url(), .token = {}});
}

std::string blob_answer(const std::string& content) {
  return answer(200, "application/octet-stream", content);
}

/// What the service says to HEAD: a status and no body.
std::string head_answer(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 5\r\n\r\n";
}

struct fixture {
  fs::path write(const std::string& content) {
    std::ofstream{folder / "in"} << content;
    return folder / "in";
  }

  /// Serves one connection with these answers and keeps the requests.
  std::function<void(peer&)> recording(std::vector<std::string> answers) {
    return [this, answers = std::move(answers)](peer& client) {
      for (const auto& each : answers) {
        requests.push_back(client.request());
        client.send(each);
      }
      client.wait_for_close();
    };
  }

  temporary_folder folder;
  std::vector<std::string> requests;
};

BOOST_FIXTURE_TEST_SUITE(a_remote_content_store, fixture)

BOOST_AUTO_TEST_CASE(asks_by_name) {
  fake_service service{{recording({head_answer(200), head_answer(404), head_answer(500)})}};
  const auto store = store_at(service);
  BOOST_TEST(store->has(sha256::of("abc")).value());
  BOOST_TEST(!store->has(sha256::of("abc")).value());
  BOOST_TEST(code_of(store->has(sha256::of("abc"))) == errc::unknown);
  BOOST_TEST(requests.at(0).starts_with(
      "HEAD /cas/sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad HTTP"));
}

BOOST_AUTO_TEST_CASE(fetches_into_a_file_and_into_memory) {
  fake_service service{{answering({blob_answer(large), blob_answer(""), blob_answer(small)})}};
  const auto store = store_at(service);
  BOOST_TEST(code_of(store->fetch_file(sha256::of(large), folder / "out")) == errc::ok);
  BOOST_TEST(fs::file_size(folder / "out") == large.size());
  BOOST_TEST(code_of(store->fetch_file(sha256::of(""), folder / "empty")) == errc::ok);
  BOOST_TEST(fs::file_size(folder / "empty") == 0U);
  BOOST_TEST(store->fetch_bytes(sha256::of(small), 100).value() == small);
}

BOOST_AUTO_TEST_CASE(misses_leave_no_file) {
  const auto told = answer(404, "application/json", R"({"code":"not_found","message":"none"})");
  fake_service service{{answering({told, answer(404, "text/plain", "")})}};
  const auto store = store_at(service);
  BOOST_TEST(code_of(store->fetch_file(sha256::of(small), folder / "out")) == errc::not_found);
  BOOST_TEST(code_of(store->fetch_bytes(sha256::of(small), 100)) == errc::not_found);
  BOOST_TEST(!fs::exists(folder / "out"));
}

BOOST_AUTO_TEST_CASE(hands_out_no_damaged_blob) {
  fake_service service{{answering({blob_answer("damaged"), blob_answer("damaged")})}};
  const auto store = store_at(service);
  BOOST_TEST(code_of(store->fetch_file(sha256::of(small), folder / "out")) == errc::data_loss);
  BOOST_TEST(!fs::exists(folder / "out"));
  BOOST_TEST(code_of(store->fetch_bytes(sha256::of(small), 100)) == errc::data_loss);
}

BOOST_AUTO_TEST_CASE(leaves_no_half_of_a_file) {
  fake_service service{{[](peer& client) {
    client.request();
    client.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  }}};
  BOOST_TEST(code_of(store_at(service)->fetch_file(sha256::of(small), folder / "out")) ==
             errc::internal);
  BOOST_TEST(!fs::exists(folder / "out"));
}

BOOST_AUTO_TEST_CASE(replaces_no_file) {
  fake_service service{{answering({blob_answer(small)})}};
  const auto mine = write("mine");
  BOOST_TEST(code_of(store_at(service)->fetch_file(sha256::of(small), mine)) ==
             errc::failed_precondition);
  BOOST_TEST(fs::file_size(mine) == 4U);
}

BOOST_AUTO_TEST_CASE(reads_no_more_than_the_limit) {
  fake_service service{{answering({blob_answer(large)})}};
  BOOST_TEST(code_of(store_at(service)->fetch_bytes(sha256::of(large), large.size() - 1)) ==
             errc::resource_exhausted);
}

BOOST_AUTO_TEST_CASE(sends_small_blobs_at_once) {
  {
    fake_service service{
        {recording({answer(201, "text/plain", ""), answer(200, "text/plain", "")})}};
    const auto store = store_at(service);
    BOOST_TEST(code_of(store->put_file(sha256::of(small), write(small))) == errc::ok);
    BOOST_TEST(code_of(store->put_bytes(sha256::of(""), "")) == errc::ok);
  }
  BOOST_REQUIRE_EQUAL(requests.size(), 2U);
  BOOST_TEST(requests[0].starts_with("PUT /cas/sha256/" + to_hex(sha256::of(small)) + " "));
  BOOST_TEST(requests[0].ends_with("\r\n\r\n" + small));
  BOOST_TEST(requests[1].find("Content-Length: 0\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(sends_large_blobs_only_where_they_are_not_there) {
  {
    fake_service service{
        {recording({head_answer(200), head_answer(404), answer(201, "text/plain", "")})}};
    const auto store = store_at(service);
    const auto file = write(large);
    BOOST_TEST(code_of(store->put_file(sha256::of(large), file)) == errc::ok);
    BOOST_TEST(code_of(store->put_file(sha256::of(large), file)) == errc::ok);
  }
  BOOST_REQUIRE_EQUAL(requests.size(), 3U);
  BOOST_TEST(requests[0].starts_with("HEAD "));
  BOOST_TEST(requests[1].starts_with("HEAD "));
  BOOST_TEST(requests[2].starts_with("PUT "));
  BOOST_TEST(requests[2].ends_with("\r\n\r\n" + large));
}

BOOST_AUTO_TEST_CASE(passes_on_why_a_blob_was_not_taken) {
  const auto wrong =
      answer(400, "application/json", R"({"code":"invalid_argument","message":"another digest"})");
  fake_service service{
      {answering({wrong, answer(413, "text/plain", "too large"), answer(507, "", "full")})}};
  const auto store = store_at(service);
  const auto file = write(small);
  BOOST_TEST(code_of(store->put_file(sha256::of(small), file)) == errc::invalid_argument);
  BOOST_TEST(code_of(store->put_file(sha256::of(small), file)) == errc::resource_exhausted);
  BOOST_TEST(code_of(store->put_file(sha256::of(small), file)) == errc::resource_exhausted);
}

BOOST_AUTO_TEST_CASE(sends_nothing_under_a_wrong_name) {
  fake_service service{{}};
  BOOST_TEST(code_of(store_at(service)->put_bytes(sha256::of("other"), small)) ==
             errc::invalid_argument);
  BOOST_TEST(service.accepted() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
