#include <deja/transport/connect/get_json.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

namespace deja::http {

namespace {

namespace cacheservice = flyteidl2::cacheservice;
namespace data = boost::unit_test::data;
namespace json = google::protobuf::util;
using request = cacheservice::v2::GetCacheRequest;

bool is_same(const google::protobuf::Message& one, const google::protobuf::Message& other) {
  return json::MessageDifferencer::Equals(one, other);
}

std::optional<request> by_protobuf(const std::string& text) {
  request message;
  json::JsonParseOptions lenient;
  lenient.ignore_unknown_fields = true;
  if (!json::JsonStringToMessage(text, &message, lenient).ok())
    return std::nullopt;
  return message;
}

cacheservice::CachedOutput some_output() {
  cacheservice::CachedOutput output;
  output.set_output_uri("s3://bucket/\"quoted\"/\xc3\xa4\n\\");
  auto& metadata = *output.mutable_metadata();
  auto& source = *metadata.mutable_source_identifier();
  source.set_resource_type(flyteidl2::core::TASK);
  source.set_project("p");
  source.set_name("workflows.<train>");
  source.set_org("o");
  (*metadata.mutable_key_map()->mutable_values())["exec-node"] = "n0";
  (*metadata.mutable_key_map()->mutable_values())[""] = "";
  metadata.mutable_created_at()->set_seconds(1'700'000'000);
  metadata.mutable_last_updated_at()->set_seconds(1'700'000'001);
  metadata.mutable_last_updated_at()->set_nanos(120'000'000);
  return output;
}

/// Whether what is written is what protobuf reads back as the same answer.
bool is_written_right(const cacheservice::CachedOutput& output) {
  const auto text = write_get_response(output);
  cacheservice::GetCacheResponse due, read;
  *due.mutable_output() = output;
  return text && json::JsonStringToMessage(*text, &read).ok() && is_same(due, read);
}

} // namespace

BOOST_AUTO_TEST_SUITE(gets_json)

BOOST_DATA_TEST_CASE(
    a_request_is_read_as_protobuf_reads_it,
    data::make<std::string>(
        {R"({"baseRequest":{"key":"k"},"identifier":{"org":"o","project":"p","domain":"d"}})",
         R"( { "identifier" : { "domain" : "d" } , "base_request" : { "key" : "\u00e4\"\n" } } )",
         R"({"baseRequest":{}})", R"({"identifier":{}})", R"({})",
         "{\"baseRequest\":{\"key\":\"\xf0\x9f\x98\x80\"}}"}),
    text) {
  request read;
  BOOST_REQUIRE(read_get_request(text, read));
  BOOST_TEST(is_same(read, by_protobuf(text).value()));
}

BOOST_DATA_TEST_CASE(what_is_unusual_or_wrong_is_left_to_protobuf,
                     data::make<std::string>({
                         "",
                         "{",
                         "[]",
                         "null",
                         "1",
                         R"("text")",
                         R"({"baseRequest":null})",
                         R"({"baseRequest":{"key":null}})",
                         R"({"baseRequest":{"key":1}})",
                         R"({"baseRequest":{"key":"a","key":"b"}})",
                         R"({"baseRequest":{"key":"a"},"base_request":{"key":"b"}})",
                         R"({"baseRequest":{"key":["a"]}})",
                         R"({"baseRequest":{"key":{"a":1}}})",
                         R"({"baseRequest":{"key":"a"},"more":1})",
                         R"({"baseRequest":"a"})",
                         R"({"identifier":{"name":"n"}})",
                         R"({"baseRequest":{"key":"a"}} x)",
                         R"({"baseRequest":{"key":"a"}}{})",
                         "{\"baseRequest\":{\"key\":\"\xff\"}}",
                         R"({"baseRequest":{"key":"\ud800"}})",
                         R"({'baseRequest':{}})",
                         "\xef\xbb\xbf{}",
                     }),
                     text) {
  request read;
  BOOST_TEST(!read_get_request(text, read));
  BOOST_TEST(is_same(read, request{}));
}

BOOST_AUTO_TEST_CASE(a_zero_byte_does_not_end_a_request) {
  request read;
  BOOST_TEST(!read_get_request(std::string_view{"{}\0{}", 5}, read));
}

BOOST_AUTO_TEST_CASE(an_answer_is_what_protobuf_reads) {
  BOOST_TEST(is_written_right(some_output()));
  BOOST_TEST(is_written_right({}));
  auto bare = some_output();
  bare.mutable_metadata()->Clear();
  BOOST_TEST(is_written_right(bare));
  auto empty_parts = some_output();
  empty_parts.mutable_metadata()->mutable_source_identifier()->Clear();
  empty_parts.mutable_metadata()->mutable_key_map()->Clear();
  BOOST_TEST(is_written_right(empty_parts));
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_unusual_is_left_to_protobuf) {
  auto literals = some_output();
  literals.mutable_output_literals();
  BOOST_TEST(!write_get_response(literals));
  auto not_utf8 = some_output();
  not_utf8.set_output_uri("\xff");
  BOOST_TEST(!write_get_response(not_utf8));
  auto too_late = some_output();
  too_late.mutable_metadata()->mutable_created_at()->set_seconds(253'402'300'800);
  BOOST_TEST(!write_get_response(too_late));
  auto no_time = some_output();
  no_time.mutable_metadata()->mutable_created_at()->set_nanos(-1);
  BOOST_TEST(!write_get_response(no_time));
  auto unknown_type = some_output();
  unknown_type.mutable_metadata()->mutable_source_identifier()->set_resource_type(
      static_cast<flyteidl2::core::ResourceType>(77));
  BOOST_TEST(!write_get_response(unknown_type));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja::http
