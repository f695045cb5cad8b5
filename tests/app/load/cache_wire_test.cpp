#include "../../support/results.hpp"

#include <deja/app/load/cache_wire.hpp>

#include <boost/test/unit_test.hpp>

#include <deja/v1/cache.pb.h>
#include <flyteidl2/cacheservice/v2/cacheservice.pb.h>
#include <google/protobuf/util/json_util.h>

#include <array>

// What is written and read by hand, against protobuf's own code.

namespace {

using namespace deja;
using namespace app::load;
using testing::code_of;
namespace v2 = flyteidl2::cacheservice::v2;
namespace cacheservice = flyteidl2::cacheservice;

const payload texts{1, 2, value_sizes::parse("uniform:1:400").value()};

std::string key_text(key_ref of) {
  return std::string{view_of(texts.key(of))};
}

std::string owner_text(std::uint64_t number) {
  return std::string{view_of(texts.owner(number))};
}

std::string value_text(const item& of) {
  std::string value;
  texts.append_value(value, of.key, of.version);
  return value;
}

/// Each form once.
template <class Test>
void in_both_forms(Test test) {
  for (const auto how : {encoding::proto, encoding::json})
    BOOST_TEST_CONTEXT((how == encoding::json ? "JSON" : "binary"))
  test(how);
}

template <class Message>
Message parsed(encoding how, const std::string& body) {
  Message message;
  if (how == encoding::json)
    BOOST_REQUIRE(google::protobuf::util::JsonStringToMessage(body, &message).ok());
  else
    BOOST_REQUIRE(message.ParseFromString(body));
  return message;
}

template <class Message>
std::string serialized(encoding how, const Message& message) {
  std::string body;
  if (how == encoding::json)
    BOOST_REQUIRE(google::protobuf::util::MessageToJsonString(message, &body).ok());
  else
    body = message.SerializeAsString();
  return body;
}

template <class Message>
Message written(encoding how, method which, std::span<const item> items) {
  std::string body;
  make_cache_wire(how, texts)->write(body, which, items);
  return parsed<Message>(how, body);
}

/// Answers that were read, and the reader that keeps their texts.
struct read_answers {
  std::unique_ptr<cache_wire> wire;
  std::string body;
  std::vector<answer> all;
  result<void> how{};
};

template <class Message>
std::unique_ptr<read_answers> answers_of(encoding how, method which, const Message& message,
                                         std::size_t items = 1) {
  auto read = std::make_unique<read_answers>();
  read->wire = make_cache_wire(how, texts);
  read->body = serialized(how, message);
  read->all.resize(items);
  read->how = read->wire->read(which, read->body, read->all);
  return read;
}

void check_output(const cacheservice::CachedOutput& output, const item& of) {
  BOOST_TEST(output.output_uri() == value_text(of));
  BOOST_TEST(output.metadata().source_identifier().name() == "load.task");
  BOOST_TEST(output.metadata().key_map().values().at("execution-name") == "load");
}

void check_key(const v1::Key& key, key_ref of) {
  BOOST_TEST(key.key() == key_text(of));
  BOOST_TEST(key.project() == "deja");
  BOOST_TEST(key.domain() == "load");
}

const std::vector<item> items = {
    {{key_space::population, 1}, 7, false, 3},
    {{key_space::fresh, 0xffff'ffff'ffff'ffff}, 0, true, 3},
    {{key_space::reservation, 12}, 0, false, 1},
};

BOOST_AUTO_TEST_SUITE(the_wire_of_a_load)

BOOST_AUTO_TEST_CASE(asks_as_flytes_calls_want_it) {
  in_both_forms([](encoding how) {
    for (const auto& one : items) {
      const std::span all{&one, 1};
      const auto get = written<v2::GetCacheRequest>(how, method::get, all);
      BOOST_TEST(get.base_request().key() == key_text(one.key));
      BOOST_TEST(get.identifier().project() == "deja");
      BOOST_TEST(get.identifier().domain() == "load");

      const auto put = written<v2::PutCacheRequest>(how, method::put, all);
      BOOST_TEST(put.base_request().key() == key_text(one.key));
      BOOST_TEST(put.base_request().overwrite().overwrite() == one.overwrite);
      check_output(put.base_request().output(), one);
      BOOST_TEST(put.identifier().domain() == "load");

      const auto reserve = written<v2::GetOrExtendReservationRequest>(how, method::reserve, all);
      BOOST_TEST(reserve.base_request().key() == key_text(one.key));
      BOOST_TEST(reserve.base_request().owner_id() == owner_text(one.owner));
      BOOST_TEST(reserve.base_request().heartbeat_interval().seconds() == heartbeat.count());

      const auto release = written<v2::ReleaseReservationRequest>(how, method::release, all);
      BOOST_TEST(release.base_request().key() == key_text(one.key));
      BOOST_TEST(release.base_request().owner_id() == owner_text(one.owner));
    }
  });
}

BOOST_AUTO_TEST_CASE(asks_for_many_keys_as_our_calls_want_it) {
  in_both_forms([](encoding how) {
    const auto get = written<v1::GetRequest>(how, method::get_many, items);
    const auto put = written<v1::PutRequest>(how, method::put_many, items);
    const auto reserve = written<v1::ReserveRequest>(how, method::reserve_many, items);
    const auto release = written<v1::ReleaseRequest>(how, method::release_many, items);
    BOOST_REQUIRE_EQUAL(get.keys_size(), 3);
    BOOST_REQUIRE_EQUAL(put.items_size(), 3);
    BOOST_REQUIRE_EQUAL(reserve.items_size(), 3);
    BOOST_REQUIRE_EQUAL(release.items_size(), 3);
    for (int n = 0; n < 3; ++n) {
      const auto& one = items[static_cast<std::size_t>(n)];
      check_key(get.keys(n), one.key);
      check_key(put.items(n).key(), one.key);
      check_output(put.items(n).output(), one);
      BOOST_TEST(put.items(n).overwrite() == one.overwrite);
      check_key(reserve.items(n).key(), one.key);
      BOOST_TEST(reserve.items(n).owner_id() == owner_text(one.owner));
      BOOST_TEST(reserve.items(n).heartbeat_interval().seconds() == heartbeat.count());
      check_key(release.items(n).key(), one.key);
      BOOST_TEST(release.items(n).owner_id() == owner_text(one.owner));
    }
    check_key(written<v1::WaitRequest>(how, method::wait, std::span{items}.first(1)).key(),
              items[0].key);
  });
}

BOOST_AUTO_TEST_CASE(reads_what_flytes_calls_answer) {
  in_both_forms([](encoding how) {
    cacheservice::GetCacheResponse get;
    get.mutable_output()->set_output_uri("s3://a/\"b\"");
    get.mutable_output()->mutable_metadata()->mutable_created_at()->set_seconds(1);
    const auto got = answers_of(how, method::get, get);
    BOOST_TEST(code_of(got->how) == errc::ok);
    BOOST_TEST(got->all[0].value == "s3://a/\"b\"");

    cacheservice::GetOrExtendReservationResponse reserve;
    reserve.mutable_reservation()->set_key("k");
    reserve.mutable_reservation()->set_owner_id("me");
    reserve.mutable_reservation()->mutable_expires_at()->set_seconds(5);
    BOOST_TEST(answers_of(how, method::reserve, reserve)->all[0].owner == "me");

    BOOST_TEST(code_of(answers_of(how, method::put, cacheservice::PutCacheResponse{})->how) ==
               errc::ok);
    const auto released =
        answers_of(how, method::release, cacheservice::ReleaseReservationResponse{});
    BOOST_TEST(code_of(released->how) == errc::ok);
    BOOST_TEST(released->all[0].held);
  });
}

BOOST_AUTO_TEST_CASE(reads_outcomes_of_many_keys) {
  in_both_forms([](encoding how) {
    v1::GetResponse get;
    auto* hit = get.add_outcomes();
    hit->mutable_output()->set_output_uri("u");
    hit->mutable_output()->mutable_metadata();
    hit->set_generation(4);
    auto* miss = get.add_outcomes();
    miss->mutable_error()->set_code("not_found");
    miss->mutable_error()->set_message("no entry");
    miss->mutable_reservation()->set_owner_id("other");
    get.add_outcomes()->mutable_error()->set_code("what's this?");
    const auto got = answers_of(how, method::get_many, get, 3);
    BOOST_TEST(code_of(got->how) == errc::ok);
    BOOST_TEST(got->all[0].value == "u");
    BOOST_TEST(got->all[0].code == errc::ok);
    BOOST_TEST(got->all[1].code == errc::not_found);
    BOOST_TEST(got->all[2].code == errc::unknown);

    v1::PutResponse put;
    put.add_outcomes()->set_status(v1::PUT_STATUS_STORED);
    put.add_outcomes()->set_status(v1::PUT_STATUS_ALREADY_SAME);
    put.add_outcomes()->set_status(v1::PUT_STATUS_ALREADY_OTHER);
    put.add_outcomes()->mutable_error()->set_code("resource_exhausted");
    const auto stored = answers_of(how, method::put_many, put, 4);
    BOOST_TEST(code_of(stored->how) == errc::ok);
    BOOST_TEST(stored->all[0].code == errc::ok);
    BOOST_TEST(stored->all[1].code == errc::already_exists);
    BOOST_TEST(stored->all[2].code == errc::already_exists);
    BOOST_TEST(stored->all[3].code == errc::resource_exhausted);

    v1::ReserveResponse reserve;
    reserve.add_outcomes()->mutable_reservation()->set_owner_id("a");
    reserve.mutable_outcomes(0)->mutable_reservation()->mutable_key()->set_key("k");
    reserve.add_outcomes()->mutable_error()->set_code("internal");
    const auto reserved = answers_of(how, method::reserve_many, reserve, 2);
    BOOST_TEST(reserved->all[0].owner == "a");
    BOOST_TEST(reserved->all[1].code == errc::internal);

    v1::ReleaseResponse release;
    release.add_outcomes()->set_released(true);
    release.add_outcomes();
    const auto released = answers_of(how, method::release_many, release, 2);
    BOOST_TEST(released->all[0].held);
    BOOST_TEST(!released->all[1].held);

    v1::WaitResponse wait;
    wait.set_event(v1::WAIT_EVENT_ENTRY);
    wait.mutable_reservation()->set_owner_id("a");
    BOOST_TEST(answers_of(how, method::wait, wait)->all[0].has_entry);
    wait.set_event(v1::WAIT_EVENT_TIMEOUT);
    BOOST_TEST(!answers_of(how, method::wait, wait)->all[0].has_entry);
  });
}

BOOST_AUTO_TEST_CASE(refuses_answers_that_are_none) {
  in_both_forms([](encoding how) {
    v1::GetResponse two;
    two.add_outcomes();
    two.add_outcomes();
    BOOST_TEST(code_of(answers_of(how, method::get_many, two, 1)->how) == errc::internal);
    BOOST_TEST(code_of(answers_of(how, method::get_many, two, 3)->how) == errc::internal);
    v1::PutResponse unknown;
    unknown.add_outcomes();
    BOOST_TEST(code_of(answers_of(how, method::put_many, unknown, 1)->how) == errc::internal);

    auto wire = make_cache_wire(how, texts);
    std::vector<answer> one(1);
    for (const auto which : {method::get, method::put, method::get_many})
      BOOST_TEST(code_of(wire->read(which, "\x0a\xff{", one)) == errc::internal);
    // However it is cut.
    cacheservice::GetCacheResponse get;
    get.mutable_output()->set_output_uri("0123456789");
    const auto body = serialized(how, get);
    for (std::size_t size = 1; size < body.size(); ++size)
      BOOST_TEST(code_of(wire->read(method::get, body.substr(0, size), one)) == errc::internal);
  });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
