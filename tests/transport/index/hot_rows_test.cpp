#include <deja/transport/index/hot_rows.hpp>

#include "index_fixture.hpp"

namespace deja {

namespace {

using testing::key_named;

digest id(const std::string& name) {
  return primary_key(key_named(name));
}

stored_state state_of(const std::string& output) {
  stored_state state;
  entry put;
  put.output = output;
  state.entry = std::move(put);
  return state;
}

/// Of a row with such a short output.
constexpr std::size_t about_a_row = 2'000;

struct rows_fixture {
  /// What a reader does that finds nothing: it reads this row and offers it.
  void read(const std::string& name, const std::string& output) {
    std::uint64_t era = 0;
    rows.find(id(name), era);
    rows.offer(id(name), state_of(output), era);
  }

  std::string at(const std::string& name) {
    std::uint64_t era = 0;
    const auto found = rows.find(id(name), era);
    return !found ? "unknown" : !found->entry ? "none" : found->entry->output;
  }

  void commit(const std::string& name, stored_state now) {
    rows.begin_commit();
    std::array<hot_rows::change, 1> change{{{id(name), std::move(now)}}};
    rows.end_commit(change);
  }

  hot_rows rows{100 * about_a_row};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(the_hot_rows, rows_fixture)

BOOST_AUTO_TEST_CASE(know_what_was_read) {
  BOOST_TEST(at("a") == "unknown");
  read("a", "1");
  BOOST_TEST(at("a") == "1");
}

BOOST_AUTO_TEST_CASE(know_also_that_there_is_nothing) {
  std::uint64_t era = 0;
  rows.find(id("a"), era);
  rows.offer(id("a"), {}, era);
  BOOST_TEST(at("a") == "none");
}

BOOST_AUTO_TEST_CASE(follow_a_commit) {
  read("a", "1");
  commit("a", state_of("2"));
  BOOST_TEST(at("a") == "2");
  commit("a", {});
  BOOST_TEST(at("a") == "none");
}

BOOST_AUTO_TEST_CASE(keep_no_row_that_nobody_asked_for) {
  commit("a", state_of("1"));
  BOOST_TEST(at("a") == "unknown");
}

BOOST_AUTO_TEST_CASE(take_nothing_that_was_read_before_a_commit) {
  std::uint64_t era = 0;
  rows.find(id("a"), era);
  commit("a", state_of("2"));
  rows.offer(id("a"), state_of("1"), era);
  BOOST_TEST(at("a") == "unknown");
}

BOOST_AUTO_TEST_CASE(take_nothing_that_is_read_during_a_commit) {
  rows.begin_commit();
  read("a", "1");
  rows.end_commit(std::span<hot_rows::change>{});
  BOOST_TEST(at("a") == "unknown");
}

BOOST_AUTO_TEST_CASE(know_nothing_after_a_failed_commit) {
  read("a", "1");
  rows.begin_commit();
  rows.end_commit();
  BOOST_TEST(at("a") == "unknown");
  BOOST_TEST(rows.bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(stay_within_their_bytes_and_forget_what_was_unasked_longest) {
  for (int number = 0; number < 1'000; ++number) {
    read(std::to_string(number), "1");
    at("0");
  }
  BOOST_TEST(rows.bytes() <= 100 * about_a_row);
  BOOST_TEST(rows.bytes() > 50 * about_a_row);
  BOOST_TEST(at("0") == "1");
  BOOST_TEST(at("1") == "unknown");
  BOOST_TEST(at("999") == "1");
}

BOOST_AUTO_TEST_CASE(do_not_grow_when_rows_do) {
  read("a", "1");
  read("b", "1");
  commit("b", state_of(std::string(100 * about_a_row, 'x')));
  BOOST_TEST(rows.bytes() <= 100 * about_a_row);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
