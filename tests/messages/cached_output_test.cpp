#include <deja/messages/cached_output.hpp>

#include <deja/messages/proto_bytes.hpp>

#include "../support/results.hpp"

#include <boost/test/unit_test.hpp>

namespace deja {

namespace {

using namespace std::chrono_literals;
using flyteidl2::cacheservice::CachedOutput;
using testing::code_of;

CachedOutput example() {
  CachedOutput output;
  output.set_output_uri("s3://bucket/outputs.pb");
  auto& metadata = *output.mutable_metadata();
  metadata.mutable_source_identifier()->set_name("t");
  (*metadata.mutable_key_map()->mutable_values())["execution"] = "e";
  metadata.mutable_created_at()->set_seconds(1);
  metadata.mutable_last_updated_at()->set_seconds(2);
  return output;
}

CachedOutput read(std::string_view wire) {
  const auto output = parse_message<CachedOutput>(wire);
  BOOST_REQUIRE_MESSAGE(output, output.error().message);
  return *output;
}

google::protobuf::Duration span(std::int64_t seconds, std::int32_t nanos) {
  google::protobuf::Duration value;
  value.set_seconds(seconds);
  value.set_nanos(nanos);
  return value;
}

google::protobuf::Timestamp time_at(std::int64_t seconds, std::int32_t nanos) {
  google::protobuf::Timestamp value;
  value.set_seconds(seconds);
  value.set_nanos(nanos);
  return value;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_cached_output)

BOOST_AUTO_TEST_CASE(has_the_same_digest_with_any_metadata) {
  auto bare = example();
  bare.clear_metadata();
  BOOST_TEST(to_hex(content_digest(example())) == to_hex(content_digest(bare)));
}

BOOST_AUTO_TEST_CASE(has_another_digest_with_other_outputs) {
  auto other = example();
  other.set_output_uri("s3://bucket/other.pb");
  BOOST_TEST(to_hex(content_digest(other)) != to_hex(content_digest(example())));
  other.mutable_output_literals();
  BOOST_TEST(to_hex(content_digest(other)) != to_hex(content_digest(CachedOutput{})));
}

BOOST_AUTO_TEST_CASE(keeps_all_but_its_times) {
  auto timeless = example();
  timeless.mutable_metadata()->clear_created_at();
  timeless.mutable_metadata()->clear_last_updated_at();
  BOOST_TEST(serialize(read(without_times(example()))) == serialize(timeless));
  BOOST_TEST(serialize(read(without_times(timeless))) == serialize(timeless));
}

BOOST_AUTO_TEST_CASE(gets_times_in_its_wire_bytes) {
  const auto wire = with_times(without_times(example()), wall_time{1s}, wall_time{2s});
  BOOST_TEST(serialize(read(wire)) == serialize(example()));
}

BOOST_AUTO_TEST_CASE(gets_times_where_it_has_no_metadata) {
  auto bare = example();
  bare.clear_metadata();
  const auto output = read(with_times(without_times(bare), wall_time{1s}, wall_time{2s}));
  BOOST_TEST(output.output_uri() == bare.output_uri());
  BOOST_TEST(output.metadata().created_at().seconds() == 1);
  BOOST_TEST(output.metadata().last_updated_at().seconds() == 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(wire_times)

BOOST_AUTO_TEST_CASE(come_back_as_they_were) {
  for (const auto value : {0ns, 1ns, -1ns, duration{1500ms}, duration{-1500ms}, duration{300s}}) {
    const auto back = from_wire(to_wire(value), "a span");
    BOOST_REQUIRE(back);
    BOOST_TEST(back->count() == value.count());
    const auto time = from_wire(to_wire(wall_time{value}), "a time");
    BOOST_REQUIRE(time);
    BOOST_TEST(time->time_since_epoch().count() == value.count());
  }
}

BOOST_AUTO_TEST_CASE(before_1970_have_nanos_that_count_up) {
  const auto time = to_wire(wall_time{-1ns});
  BOOST_TEST(time.seconds() == -1);
  BOOST_TEST(time.nanos() == 999'999'999);
  const auto negative = to_wire(-1ns);
  BOOST_TEST(negative.seconds() == 0);
  BOOST_TEST(negative.nanos() == -1);
}

BOOST_AUTO_TEST_CASE(that_are_no_times_are_errors) {
  BOOST_TEST(code_of(from_wire(time_at(0, -1), "t")) == errc::invalid_argument);
  BOOST_TEST(code_of(from_wire(time_at(0, 1'000'000'000), "t")) == errc::invalid_argument);
  BOOST_TEST(code_of(from_wire(span(0, 1'000'000'000), "t")) == errc::invalid_argument);
  BOOST_TEST(code_of(from_wire(span(0, -1'000'000'000), "t")) == errc::invalid_argument);
  BOOST_TEST(code_of(from_wire(span(1, -1), "t")) == errc::invalid_argument);
  BOOST_TEST(code_of(from_wire(span(-1, 1), "t")) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(past_64_bits_of_nanoseconds_are_errors) {
  constexpr std::int64_t most = 9'223'372'035;
  BOOST_TEST(code_of(from_wire(span(most, 999'999'999), "t")) == errc::ok);
  BOOST_TEST(code_of(from_wire(span(-most, -999'999'999), "t")) == errc::ok);
  BOOST_TEST(code_of(from_wire(time_at(-most, 0), "t")) == errc::ok);
  BOOST_TEST(code_of(from_wire(span(most + 1, 0), "t")) == errc::invalid_argument);
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  const auto wrong = from_wire(time_at(least, 0), "created_at");
  BOOST_TEST(code_of(wrong) == errc::invalid_argument);
  BOOST_TEST(wrong.error().message.starts_with("created_at of " + std::to_string(least)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
