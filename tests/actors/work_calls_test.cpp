#include "../support/results.hpp"
#include "../support/tasks.hpp"

#include <deja/actors/work_calls.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using testing::code_of;
using testing::some_key;
using testing::some_literals;

struct two_askers {
  using table = work_calls<download_request, int>;

  /// A call for items with these inputs, which is lined up.
  std::uint64_t add(std::vector<std::int64_t> inputs, std::uint64_t name = 0) {
    std::vector<download_request> items;
    for (const auto input : inputs)
      items.push_back({some_key(input), {}});
    const auto id = calls.add(name,
                              {[this](result<table::outcomes> done) { told = std::move(done); },
                               [this](const work_progress& so_far) {
                                 progress.push_back(so_far);
                               }},
                              many<download_request>{std::move(items)});
    calls.line_up(id);
    return id;
  }

  table calls;
  std::optional<result<table::outcomes>> told;
  std::vector<work_progress> progress;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(calls_of_a_work_queue, two_askers)

BOOST_AUTO_TEST_CASE(the_asker_is_answered_with_the_last_outcome_and_each_is_at_its_place) {
  const auto id = add({1, 2});
  const auto first = calls.next(id).value(), second = calls.next(id).value();
  BOOST_TEST(!calls.next(id));
  BOOST_TEST(calls.in_flight() == 2U);
  calls.tell(second.whom, 8, true);
  BOOST_TEST(!told);
  calls.tell(first.whom, error{errc::internal, "boom"}, false);
  BOOST_TEST(code_of(told->value()->at(0)) == errc::internal);
  BOOST_TEST(told->value()->at(1).value() == 8);
  BOOST_TEST(calls.in_flight() == 0U);
  BOOST_TEST(calls.empty());
}

BOOST_AUTO_TEST_CASE(calls_take_turns) {
  const auto large = add({1, 2, 3}), small = add({4});
  BOOST_TEST(calls.waiting() == 4U);
  BOOST_TEST(calls.next_turn() == large);
  calls.next(large);
  calls.line_up_again(large);
  BOOST_TEST(calls.next_turn() == small);
  calls.next(small);
  calls.line_up_again(small); // nothing is left of it
  BOOST_TEST(calls.next_turn() == large);
  BOOST_TEST(!calls.has_turn());
  BOOST_TEST(calls.waiting() == 2U);
}

BOOST_AUTO_TEST_CASE(progress_is_told_where_there_is_some) {
  const auto id = add({1, 2, 3});
  calls.tell(calls.next(id)->whom, 8, true);
  calls.tell(calls.next(id)->whom, error{}, false);
  calls.tell_progress({id, 77});
  calls.tell_progress({id});
  BOOST_TEST(progress.size() == 1U);
  BOOST_TEST(progress.front().total == 3U);
  BOOST_TEST(progress.front().done == 2U);
  BOOST_TEST(progress.front().cached == 1U);
  BOOST_TEST(progress.front().failed == 1U);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_given_up_leaves_nothing) {
  const auto id = add({1, 2, 3}, 5);
  const auto first = calls.next(id).value();
  calls.tell(first.whom, 8, true);
  BOOST_TEST(calls.named(5).front() == id);
  calls.give_up(id, {errc::canceled, "enough"});
  BOOST_TEST(code_of(*told) == errc::canceled);
  BOOST_TEST(calls.in_flight() == 0U);
  BOOST_TEST(calls.waiting() == 0U);
  BOOST_TEST(!calls.has_turn());
  calls.tell(first.whom, 8, true); // too late, for nobody
  BOOST_TEST(calls.in_flight() == 0U);
}

BOOST_AUTO_TEST_CASE(inputs_that_have_been_read_take_the_place_of_what_refers_to_them) {
  const auto id = add({1, 2, 3});
  const std::vector<result<shared<core::LiteralMap>>> inputs{
      shared<core::LiteralMap>{some_literals(7)}, error{errc::not_found, "gone"}};
  calls.read(id, {1, 2}, inputs);
  const auto input_of_next = [&] {
    return std::get<shared<core::LiteralMap>>(calls.next(id)->what.key->inputs)
        ->literals()
        .at("x")
        .scalar()
        .primitive()
        .integer();
  };
  BOOST_TEST(input_of_next() == 1);
  BOOST_TEST(input_of_next() == 7);
  BOOST_TEST(input_of_next() == 3); // the worker will say what is wrong
}

BOOST_AUTO_TEST_SUITE_END()
