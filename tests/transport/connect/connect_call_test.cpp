#include "raw_client.hpp"

#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/connect/connect_call.hpp>
#include <deja/transport/connect/http_server.hpp>

#include <flyteidl2/cacheservice/cacheservice.pb.h>
#include <google/protobuf/struct.pb.h>

#include <boost/test/unit_test.hpp>

#include <zlib.h>

namespace {

using namespace deja;
using namespace deja::testing;

namespace cache = flyteidl2::cacheservice;
using message = cache::GetCacheRequest; // one string, `key`

constexpr std::size_t most = 100'000;

template <class Message, class Serve>
http::route call_route(std::string path, Serve serve) {
  return {"POST", std::move(path), http::connect_call<Message, Message>(serve, most)};
}

/// Calls that answer with what they were asked, in several ways.
class calls {
public:
  calls() : server_(http::router{routes()}, {.port = 0}) { server_.start().value(); }

  std::uint16_t port() const { return server_.port(); }

  reply ask(std::string_view path, std::string_view body, std::string_view fields) const {
    raw_client client{server_.port()};
    client.send(request_text("POST", path, body, fields));
    return client.read();
  }

  reply proto(std::string_view path, std::string_view body, std::string_view fields = {}) const {
    return ask(path, body, "Content-Type: application/proto\r\n" + std::string{fields});
  }

  reply json(std::string_view path, std::string_view body, std::string_view fields = {}) const {
    return ask(path, body, "Content-Type: application/json\r\n" + std::string{fields});
  }

private:
  using message_answer = http::call_answer<message>;

  static std::vector<http::route> routes() {
    return {
        call_route<message>("/Echo", [](const message& asked, const call_context&,
                                        const message_answer& done) { done(asked); }),
        call_route<message>("/Wire",
                            [](const message& asked, const call_context&,
                               const message_answer& done) { done.wire(serialize(asked)); }),
        call_route<message>("/Damaged", [](const message&, const call_context&,
                                           const message_answer& done) { done.wire("\x0a\x7f"); }),
        call_route<message>("/Done", [](const message&, const call_context&,
                                        const message_answer& done) { done.done({}); }),
        call_route<message>(
            "/Fail",
            [](const message& asked, const call_context&, const message_answer& done) {
              done.fail({errc::not_found, "no " + asked.key()});
            }),
        call_route<message>("/Drop",
                            [](const message&, const call_context&, const message_answer&) {}),
        call_route<message>(
            "/Trace",
            [](const message&, const call_context& context, const message_answer& done) {
              message seen;
              seen.set_key(context.traceparent);
              done(seen);
            }),
        call_route<message>("/Never", [kept = std::make_shared<std::vector<message_answer>>()](
                                          const message&, const call_context&,
                                          const message_answer& done) { kept->push_back(done); }),
        call_route<google::protobuf::Value>(
            "/Value", [](const google::protobuf::Value& asked, const call_context&,
                         const http::call_answer<google::protobuf::Value>& done) { done(asked); }),
    };
  }

  http::http_server server_;
};

std::string key(std::string_view text) {
  message made;
  made.set_key(std::string{text});
  return serialize(made);
}

std::string gzip(std::string_view text) {
  ::z_stream stream{};
  BOOST_REQUIRE(::deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) ==
                Z_OK);
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<::Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<::uInt>(text.size());
  stream.next_out = reinterpret_cast<::Bytef*>(packed.data());
  stream.avail_out = static_cast<::uInt>(packed.size());
  BOOST_REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

bool is(const reply& answer, unsigned status, std::string_view code) {
  BOOST_TEST_MESSAGE(answer.head + answer.body);
  return answer.status == status && answer.field("Content-Type") == "application/json" &&
         answer.body.starts_with(R"({"code":")" + std::string{code} + '"');
}

constexpr std::string_view packed = "Content-Encoding: gzip\r\n";

BOOST_FIXTURE_TEST_SUITE(a_connect_call, calls)

BOOST_AUTO_TEST_CASE(answers_in_the_codec_of_the_request) {
  const auto binary = proto("/Echo", key("k"));
  BOOST_TEST(binary.status == 200U);
  BOOST_TEST(binary.field("Content-Type") == "application/proto");
  BOOST_TEST(binary.body == key("k"));
  const auto text = json("/Echo", R"({"key":"k"})");
  BOOST_TEST(text.status == 200U);
  BOOST_TEST(text.field("Content-Type") == "application/json");
  BOOST_TEST(text.body == R"({"key":"k"})");
}

BOOST_AUTO_TEST_CASE(sends_wire_bytes_in_either_codec) {
  BOOST_TEST(proto("/Wire", key("k")).body == key("k"));
  BOOST_TEST(json("/Wire", R"({"key":"k"})").body == R"({"key":"k"})");
  BOOST_TEST(is(json("/Damaged", "{}"), 500, "internal"));
}

BOOST_AUTO_TEST_CASE(has_an_empty_message_in_either_codec) {
  BOOST_TEST(proto("/Echo", "").status == 200U);
  BOOST_TEST(proto("/Done", "").body == "");
  BOOST_TEST(json("/Done", "{}").body == "{}");
}

BOOST_AUTO_TEST_CASE(tells_a_failure_in_json_whatever_the_codec) {
  for (const auto& answer : {proto("/Fail", key("\"k\"")), json("/Fail", R"({"key":"\"k\""})")}) {
    BOOST_TEST(answer.status == 404U);
    BOOST_TEST(answer.body == R"({"code":"not_found","message":"no \"k\""})");
  }
}

BOOST_AUTO_TEST_CASE(that_is_not_answered_is_unavailable) {
  BOOST_TEST(is(proto("/Drop", ""), 503, "unavailable"));
}

BOOST_AUTO_TEST_CASE(takes_both_content_types_with_a_charset) {
  for (const auto* type : {"application/json; charset=utf-8", "application/json;charset=UTF-8",
                           "Application/JSON", "application/proto"}) {
    const auto body = std::string_view{type}.ends_with("proto") ? "" : "{}";
    BOOST_TEST(ask("/Echo", body, "Content-Type: " + std::string{type} + "\r\n").status == 200U);
  }
}

BOOST_AUTO_TEST_CASE(refuses_other_content_types) {
  for (const auto* field :
       {"", "Content-Type: text/plain\r\n", "Content-Type: application/grpc\r\n",
        "Content-Type: application/json; charset=latin1\r\n",
        "Content-Type: application/protobuf\r\n", "Content-Type:\r\n"}) {
    const auto answer = ask("/Echo", "{}", field);
    BOOST_TEST(answer.status == 415U);
    BOOST_TEST(answer.field("Accept-Post") == "application/proto, application/json");
  }
}

BOOST_AUTO_TEST_CASE(takes_version_1_of_the_protocol) {
  BOOST_TEST(proto("/Echo", "", "Connect-Protocol-Version: 1\r\n").status == 200U);
  BOOST_TEST(is(proto("/Echo", "", "Connect-Protocol-Version: 2\r\n"), 400, "invalid_argument"));
}

BOOST_AUTO_TEST_CASE(is_given_up_after_the_caller_s_time) {
  const auto answer = proto("/Never", "", "Connect-Timeout-Ms: 10\r\n");
  BOOST_TEST(is(answer, 504, "deadline_exceeded"));
  BOOST_TEST(answer.body.find("10 ms") != answer.body.npos);
  BOOST_TEST(proto("/Echo", "", "Connect-Timeout-Ms: 9999999999\r\n").status == 200U);
}

BOOST_AUTO_TEST_CASE(refuses_a_time_that_is_no_number) {
  for (const auto* time : {"", "-1", "-0", "+1", "1.5", "10ms", "10000000000"})
    BOOST_TEST(is(proto("/Echo", "", "Connect-Timeout-Ms: " + std::string{time} + "\r\n"), 400,
                  "invalid_argument"));
}

BOOST_AUTO_TEST_CASE(sees_the_caller_s_trace) {
  BOOST_TEST(json("/Trace", "{}", "Traceparent: 00-aa-bb-01\r\n").body ==
             R"({"key":"00-aa-bb-01"})");
}

BOOST_AUTO_TEST_CASE(unpacks_gzip) {
  BOOST_TEST(proto("/Echo", gzip(key("k")), packed).body == key("k"));
  BOOST_TEST(proto("/Echo", gzip(key("k")) + gzip(""), packed).body == key("k"));
  BOOST_TEST(proto("/Echo", "", packed).status == 200U);
  BOOST_TEST(proto("/Echo", key("k"), "Content-Encoding: identity\r\n").body == key("k"));
}

BOOST_AUTO_TEST_CASE(unpacks_gzip_up_to_the_limit) {
  const auto sized = [](std::size_t size) {
    return gzip(key(std::string(size - 4, 'x'))); // tag and length take 4 bytes
  };
  BOOST_TEST(proto("/Echo", sized(most), packed).status == 200U);
  BOOST_TEST(is(proto("/Echo", sized(most + 1), packed), 413, "resource_exhausted"));
  BOOST_TEST(is(proto("/Echo", gzip(std::string(std::size_t{50} << 20, '\0')), packed), 413,
                "resource_exhausted"));
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_gzip) {
  const auto whole = gzip(key("k"));
  for (const auto& body : {std::string{"hello"}, whole.substr(0, whole.size() - 1), whole + "x"})
    BOOST_TEST(is(proto("/Echo", body, packed), 400, "invalid_argument"));
}

BOOST_AUTO_TEST_CASE(names_the_encodings_that_are_taken) {
  const auto answer = proto("/Echo", "x", "Content-Encoding: br\r\n");
  BOOST_TEST(is(answer, 501, "unimplemented"));
  BOOST_TEST(answer.body.find("gzip") != answer.body.npos);
  BOOST_TEST(proto("/Echo", "x", "Content-Encoding: gzip, gzip\r\n").status == 501U);
}

BOOST_AUTO_TEST_CASE(refuses_a_message_that_is_cut_off) {
  BOOST_TEST(is(proto("/Echo", key("key").substr(0, 4)), 400, "invalid_argument"));
  BOOST_TEST(is(json("/Echo", R"({"key":"k")"), 400, "invalid_argument"));
  BOOST_TEST(is(json("/Echo", ""), 400, "invalid_argument"));
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_message) {
  for (const auto* body : {"[]", "1", R"({"key":1})", R"({"key":"k"}x)", R"({"key":"\ud800"})"})
    BOOST_TEST(is(json("/Echo", body), 400, "invalid_argument"));
}

BOOST_AUTO_TEST_CASE(refuses_text_that_is_not_utf_8) {
  BOOST_TEST(is(proto("/Echo", "\x0a\x02\xc3\x28"), 400, "invalid_argument"));
  BOOST_TEST(is(json("/Echo", "{\"key\":\"\xc3\x28\"}"), 400, "invalid_argument"));
  BOOST_TEST(is(json("/Echo", "{\"\xff\":1}"), 400, "invalid_argument"));
}

BOOST_AUTO_TEST_CASE(ignores_unknown_fields) {
  BOOST_TEST(json("/Echo", R"({"new":{"a":[1]},"key":"k"})").body == R"({"key":"k"})");
  BOOST_TEST(proto("/Echo", key("k") + "\x7a\x01x").status == 200U);
}

BOOST_AUTO_TEST_CASE(takes_binary_messages_of_deep_nesting) {
  google::protobuf::Value value;
  value.set_bool_value(true);
  for (int depth = 0; depth < 1000; ++depth) {
    google::protobuf::Value outer;
    *outer.mutable_list_value()->add_values() = std::move(value);
    value = std::move(outer);
  }
  const auto bytes = serialize(value);
  BOOST_TEST(proto("/Value", bytes).body == bytes);
}

BOOST_AUTO_TEST_CASE(survives_json_of_deep_nesting) {
  const std::string deep = std::string(40'000, '[') + std::string(40'000, ']');
  BOOST_TEST(is(json("/Value", deep), 400, "invalid_argument"));
}

BOOST_AUTO_TEST_CASE(is_made_by_post_only) {
  raw_client client{port()};
  client.send(request_text("GET", "/Echo"));
  const auto answer = client.read();
  BOOST_TEST(answer.status == 405U);
  BOOST_TEST(answer.field("Allow") == "POST");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
