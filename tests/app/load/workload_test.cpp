#include "../../support/results.hpp"

#include <deja/app/load/options.hpp>
#include <deja/app/load/workload.hpp>

#include <boost/test/unit_test.hpp>

#include <flyteidl2/cacheservice/v2/cacheservice.pb.h>

#include <map>

namespace {

using namespace deja;
using namespace app::load;
namespace cacheservice = flyteidl2::cacheservice;

settings settings_of(load_options asked) {
  asked.target = "http://127.0.0.1:1";
  return read_settings(asked).value();
}

/// One thread's workload, and a service that answers as a test wants it.
struct load {
  explicit load(load_options asked)
      : how(settings_of(std::move(asked))), shared(how), work(how, shared, 0) {}

  task begin() {
    task one;
    BOOST_REQUIRE(work.start(one));
    return one;
  }

  /// A request that is done with it stays as it was, so that it can be answered in another way.
  verdict take(task& one, int status, const std::string& type, const std::string& body) {
    auto next = one;
    const auto failed = work.read(next, status, type, body);
    const auto told = failed ? *failed : work.judge(next);
    if (!told.is_done)
      one = next;
    return told;
  }

  verdict fail(task& one, int status, const std::string& code) {
    return take(one, status, "application/json", R"({"code":")" + code + R"(","message":"m"})");
  }

  verdict hit(task& one, key_ref key, std::uint32_t version) {
    std::string value;
    shared.texts.append_value(value, key, version);
    return value_of(one, value);
  }

  verdict value_of(task& one, const std::string& value) {
    cacheservice::GetCacheResponse answer;
    answer.mutable_output()->set_output_uri(value);
    return take(one, 200, "application/proto", answer.SerializeAsString());
  }

  verdict done(task& one) { return take(one, 200, "application/proto", ""); }

  verdict held_by(task& one, std::uint64_t owner) {
    cacheservice::GetOrExtendReservationResponse answer;
    answer.mutable_reservation()->set_owner_id(std::string{view_of(shared.texts.owner(owner))});
    return take(one, 200, "application/proto", answer.SerializeAsString());
  }

  settings how;
  shared_state shared;
  workload work;
};

bool is_right(const verdict& how) {
  return how.is_done && how.code == errc::ok && how.wrong.empty();
}

bool goes_on(const verdict& how) {
  return !how.is_done && how.code == errc::ok && how.wrong.empty();
}

BOOST_AUTO_TEST_SUITE(a_workload)

BOOST_AUTO_TEST_CASE(takes_a_hit_only_for_what_was_put) {
  load with{{.op = "get", .keys = "5"}};
  auto one = with.begin();
  const auto key = one.items[0].key;
  BOOST_TEST(is_right(with.hit(one, key, 0)));
  BOOST_TEST(with.hit(one, key, 1).wrong != "");
  BOOST_TEST(with.hit(one, {key_space::population, key.number + 1}, 0).wrong != "");
  BOOST_TEST(with.value_of(one, "").wrong != "");
  BOOST_TEST(with.fail(one, 404, "not_found").wrong ==
             "get of key " + std::to_string(key.number) + " gave not_found, but it was put");
}

BOOST_AUTO_TEST_CASE(counts_a_failure_by_its_code) {
  load with{{.op = "get"}};
  auto one = with.begin();
  const auto failed = with.fail(one, 503, "unavailable");
  BOOST_TEST(failed.code == errc::unavailable);
  BOOST_TEST(failed.wrong == "");
  BOOST_TEST(with.take(one, 502, "text/html", "<html>").code == errc::unavailable);
  BOOST_TEST(with.take(one, 200, "text/html", "<html>").wrong != "");
  BOOST_TEST(with.take(one, 200, "application/proto", "\x0a\x7f").wrong != "");
}

BOOST_AUTO_TEST_CASE(takes_no_value_for_a_miss) {
  load with{{.op = "miss"}};
  auto one = with.begin();
  BOOST_TEST(is_right(with.fail(one, 404, "not_found")));
  BOOST_TEST(with.value_of(one, "x").wrong != "");
}

BOOST_AUTO_TEST_CASE(wants_new_keys_to_be_stored_and_old_ones_refused) {
  load with{{.op = "put"}}, again{{.op = "put-again"}};
  auto one = with.begin(), other = with.begin(), second = again.begin();
  BOOST_TEST((one.items[0].key != other.items[0].key));
  BOOST_TEST(is_right(with.done(one)));
  BOOST_TEST(with.fail(other, 409, "already_exists").wrong != "");
  BOOST_TEST(is_right(again.fail(second, 409, "already_exists")));
  BOOST_TEST(again.done(second).wrong != "");
}

BOOST_AUTO_TEST_CASE(takes_either_value_while_one_is_written_and_only_the_new_one_after) {
  load with{{.mix = "get=1,overwrite=1", .connections = "1", .keys = "1"}};
  const auto begin = [&](operation what) {
    for (;;) {
      auto one = with.begin();
      if (one.what == what)
        return one;
      with.work.abandon(one, false);
    }
  };
  const key_ref key{key_space::population, 0};
  auto before = begin(operation::get);
  auto write = begin(operation::overwrite);
  BOOST_TEST(write.items[0].version == 1U);
  BOOST_TEST(is_right(with.hit(before, key, 0)));
  BOOST_TEST(is_right(with.hit(before, key, 1)));
  BOOST_TEST(with.hit(before, key, 2).wrong != "");
  BOOST_TEST(is_right(with.done(write)));
  BOOST_TEST(is_right(with.hit(before, key, 0))); // it began before
  auto after = begin(operation::get);
  BOOST_TEST(is_right(with.hit(after, key, 1)));
  BOOST_TEST(with.hit(after, key, 0).wrong ==
             "get of key 0 gave version 0, but version 1 had been put before");
}

BOOST_AUTO_TEST_CASE(takes_both_values_for_ever_where_nobody_knows_whether_one_was_written) {
  load with{{.op = "overwrite", .connections = "1", .keys = "2"}};
  auto lost = with.begin();
  const auto key = lost.items[0].key;
  with.work.abandon(lost, true);
  for (int n = 0; n < 50; ++n) {
    auto next = with.begin();
    BOOST_TEST((next.items[0].key != key)); // it may still be written
    BOOST_TEST(is_right(with.done(next)));
  }
  BOOST_TEST(with.shared.versions.answered(key.number) == 0U);
  BOOST_TEST(with.shared.versions.begun(key.number) == 1U);
}

BOOST_AUTO_TEST_CASE(writes_a_key_again_whose_write_was_not_sent) {
  load with{{.op = "overwrite", .connections = "1", .keys = "1"}};
  auto lost = with.begin();
  with.work.abandon(lost, false);
  auto next = with.begin();
  BOOST_TEST((next.what == operation::overwrite));
  BOOST_TEST(next.items[0].version == 1U);
}

BOOST_AUTO_TEST_CASE(writes_a_key_again_whose_write_was_refused) {
  load with{{.op = "overwrite", .connections = "1", .keys = "1"}};
  for (const auto* code : {"invalid_argument", "permission_denied", "resource_exhausted",
                           "failed_precondition", "unimplemented", "unauthenticated"}) {
    auto refused = with.begin();
    BOOST_TEST((refused.what == operation::overwrite));
    BOOST_TEST(with.fail(refused, 400, code).code != errc::ok);
  }
  auto lost = with.begin();
  BOOST_TEST((lost.what == operation::overwrite));
  with.fail(lost, 503, "unavailable");
  BOOST_TEST((with.begin().what == operation::get)); // it may still be written
}

BOOST_AUTO_TEST_CASE(acquires_extends_and_releases) {
  load with{{.op = "reserve", .keys = "1"}};
  auto one = with.begin();
  BOOST_TEST(goes_on(with.held_by(one, one.owner)));
  BOOST_TEST((one.which == method::reserve));
  BOOST_TEST(goes_on(with.held_by(one, one.owner)));
  BOOST_TEST((one.which == method::release));
  BOOST_TEST(is_right(with.done(one)));
}

BOOST_AUTO_TEST_CASE(leaves_a_reservation_to_whoever_holds_it) {
  load with{{.op = "reserve", .keys = "1"}};
  auto one = with.begin(), other = with.begin();
  BOOST_TEST(goes_on(with.held_by(one, one.owner)));
  BOOST_TEST(is_right(with.held_by(other, one.owner)));
}

BOOST_AUTO_TEST_CASE(finds_an_owner_that_is_none_of_the_run) {
  load with{{.op = "reserve", .keys = "1"}};
  auto one = with.begin();
  for (const std::string owner : {"", "someone", "o-0000000000000000--0000000000000001"}) {
    cacheservice::GetOrExtendReservationResponse answer;
    answer.mutable_reservation()->set_owner_id(owner);
    BOOST_TEST(with.take(one, 200, "application/proto", answer.SerializeAsString()).wrong ==
               "reservation of key 0 (never put) has an owner that is none of this run's");
  }
}

BOOST_AUTO_TEST_CASE(finds_a_second_owner) {
  load with{{.op = "reserve", .keys = "1"}};
  auto one = with.begin(), other = with.begin();
  with.held_by(one, one.owner);
  BOOST_TEST(with.held_by(other, other.owner).wrong ==
             "reservation of key 0 (never put) has two owners");
}

BOOST_AUTO_TEST_CASE(lets_another_own_what_is_about_to_be_released) {
  load with{{.op = "reserve", .keys = "1"}};
  auto one = with.begin(), other = with.begin();
  with.held_by(one, one.owner);
  with.held_by(one, one.owner); // its release is on its way
  BOOST_TEST(goes_on(with.held_by(other, other.owner)));
}

BOOST_AUTO_TEST_CASE(finds_a_reservation_that_was_lost) {
  load with{{.op = "reserve", .keys = "1"}};
  auto one = with.begin();
  with.held_by(one, one.owner);
  BOOST_TEST(with.held_by(one, one.owner + 1).wrong != "");
  // Nobody is known to hold it now.
  auto other = with.begin();
  BOOST_TEST(goes_on(with.held_by(other, other.owner)));
}

BOOST_AUTO_TEST_CASE(dances_as_a_memoized_task_does) {
  load with{{.op = "memoize"}};
  auto one = with.begin();
  BOOST_TEST(goes_on(with.fail(one, 404, "not_found")));
  BOOST_TEST((one.which == method::reserve));
  BOOST_TEST(goes_on(with.held_by(one, one.owner)));
  BOOST_TEST((one.which == method::get));
  BOOST_TEST(goes_on(with.fail(one, 404, "not_found")));
  BOOST_TEST((one.which == method::put));
  BOOST_TEST(goes_on(with.done(one)));
  BOOST_TEST((one.which == method::release));
  BOOST_TEST(is_right(with.done(one)));
}

BOOST_AUTO_TEST_CASE(has_a_key_that_is_waited_for_put_by_another) {
  load with{{.op = "wait"}};
  auto one = with.begin();
  BOOST_TEST(!with.work.has_errands());
  BOOST_TEST(goes_on(with.held_by(one, one.owner)));
  BOOST_TEST((one.which == method::wait));
  BOOST_REQUIRE(with.work.has_errands());
  task errand;
  with.work.start_errand(errand);
  BOOST_TEST((errand.which == method::put));
  BOOST_TEST((errand.items[0].key == one.items[0].key));
  BOOST_TEST(is_right(with.done(errand)));
  BOOST_TEST(!with.work.has_errands());
}

BOOST_AUTO_TEST_CASE(mixes_operations_by_their_weights) {
  load with{{.mix = "get=90,put=10"}};
  std::map<operation, int> seen;
  for (int n = 0; n < 10'000; ++n)
    ++seen[with.begin().what];
  BOOST_TEST(seen.size() == 2U);
  BOOST_TEST(seen[operation::put] > 850);
  BOOST_TEST(seen[operation::put] < 1150);
}

BOOST_AUTO_TEST_CASE(repeats_its_choices_for_a_seed) {
  const load_options asked{.mix = "get=5,miss=3,put=1", .distribution = "zipf:0.9", .seed = "7"};
  load one{asked}, again{asked};
  for (int n = 0; n < 100; ++n) {
    const auto first = one.begin(), second = again.begin();
    BOOST_TEST((first.what == second.what));
    BOOST_TEST((first.items[0].key == second.items[0].key));
  }
}

BOOST_AUTO_TEST_CASE(fills_with_each_key_once_and_no_more_than_a_request_may_have) {
  auto how = settings_of({.keys = "1000", .value_size = "fixed:10000"});
  how.batch = 100;
  how.mix = {};
  how.mix[static_cast<std::size_t>(operation::fill)] = 1;
  shared_state shared{how};
  workload work{how, shared, 0};
  std::uint64_t next = 0;
  for (task one; work.start(one);) {
    BOOST_TEST(one.items.size() <= 27U);
    for (const auto& item : one.items) {
      BOOST_TEST((item.key == key_ref{key_space::population, next}));
      ++next;
    }
  }
  BOOST_TEST(next == 1000U);
}

BOOST_AUTO_TEST_CASE(fills_no_further_when_a_key_could_not_be_put) {
  for (const bool is_answered : {true, false}) {
    auto how = settings_of({.keys = "1000"});
    how.mix = {};
    how.mix[static_cast<std::size_t>(operation::fill)] = 1;
    shared_state shared{how};
    workload work{how, shared, 0}, other{how, shared, 1};
    task one;
    BOOST_REQUIRE(work.start(one));
    if (is_answered)
      BOOST_REQUIRE(work.read(one, 400, "application/json", R"({"code":"invalid_argument"})"));
    else
      work.abandon(one, true);
    BOOST_TEST(!work.start(one));
    BOOST_TEST(!other.start(one));
  }
}

BOOST_AUTO_TEST_CASE(sends_http_requests_that_say_how_long_they_are) {
  load with{{.op = "get"}};
  with.how.access_token = "secret";
  workload named{with.how, with.shared, 1};
  task one;
  named.start(one);
  std::string bytes;
  named.write(one, bytes);
  const auto end = bytes.find("\r\n\r\n");
  BOOST_REQUIRE(end != bytes.npos);
  BOOST_TEST(bytes.starts_with("POST /flyteidl2.cacheservice.v2.CacheService/Get HTTP/1.1\r\n"));
  BOOST_TEST(bytes.find("\r\nHost: 127.0.0.1:1\r\n") != bytes.npos);
  BOOST_TEST(bytes.find("\r\nAuthorization: Bearer secret\r\n") != bytes.npos);
  BOOST_TEST(bytes.find("\r\nContent-Length: " + std::to_string(bytes.size() - end - 4) + "\r\n") !=
             bytes.npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
