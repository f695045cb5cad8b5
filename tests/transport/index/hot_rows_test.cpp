#include <deja/transport/index/hot_rows.hpp>

#include "index_fixture.hpp"

namespace deja {

namespace {

using testing::key_named;

digest id(const std::string& name) {
  return primary_key(key_named(name));
}

stored_state state_of(const std::string& output) {
  entry stored;
  stored.output = output;
  return {std::move(stored), std::nullopt};
}

/// Of a row with such a short output.
constexpr std::size_t about_a_row = 2'000;

hot_rows::row row_of(stored_state state) {
  return std::make_shared<const stored_state>(std::move(state));
}

struct rows_fixture {
  /// When a reader found nothing, and begins to read.
  std::uint64_t era_of(const std::string& name) {
    std::uint64_t era = 0;
    rows.find(std::vector{id(name)}, era);
    return era;
  }

  bool offer(const std::string& name, stored_state read, std::uint64_t era) {
    std::array<hot_rows::change, 1> one{{{id(name), row_of(std::move(read))}}};
    return rows.offer(one, era);
  }

  /// What a reader does that finds nothing: it reads this row and offers it.
  void read(const std::string& name, const std::string& output) {
    offer(name, state_of(output), era_of(name));
  }

  std::string at(const std::string& name) {
    std::uint64_t era = 0;
    const auto found = rows.find(std::vector{id(name)}, era).at(0);
    return !found ? "unknown" : !found->entry ? "none" : found->entry->output;
  }

  void commit(const std::string& name, stored_state now) {
    std::array<hot_rows::change, 1> change{{{id(name), row_of(std::move(now))}}};
    rows.begin_commit(change);
    rows.end_commit(change);
  }

  static constexpr std::span<const hot_rows::change> none{};

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
  offer("a", {}, era_of("a"));
  BOOST_TEST(at("a") == "none");
}

BOOST_AUTO_TEST_CASE(follow_a_commit) {
  read("a", "1");
  commit("a", state_of("2"));
  BOOST_TEST(at("a") == "2");
  commit("a", {});
  BOOST_TEST(at("a") == "none");
}

BOOST_AUTO_TEST_CASE(keep_what_was_written) {
  commit("a", state_of("1"));
  BOOST_TEST(at("a") == "1");
}

BOOST_AUTO_TEST_CASE(keep_no_row_that_is_larger_than_all_may_be) {
  read("a", "1");
  read("b", "2");
  commit("a", state_of(std::string(100 * about_a_row, 'x')));
  BOOST_TEST(at("a") == "unknown");
  BOOST_TEST(at("b") == "2");
}

BOOST_AUTO_TEST_CASE(take_nothing_that_was_read_before_a_commit) {
  const auto era = era_of("a");
  commit("a", state_of("2"));
  BOOST_TEST(!offer("a", state_of("1"), era));
  BOOST_TEST(at("a") == "2");
}

BOOST_AUTO_TEST_CASE(take_nothing_that_is_read_during_a_commit) {
  rows.begin_commit(none);
  read("a", "1");
  const auto era = era_of("a");
  rows.end_commit(none);
  BOOST_TEST(!offer("a", state_of("1"), era));
  BOOST_TEST(at("a") == "unknown");
}

BOOST_AUTO_TEST_CASE(do_not_know_what_is_being_committed) {
  read("a", "1");
  read("b", "1");
  const std::array<hot_rows::change, 1> change{{{id("a"), row_of(state_of("2"))}}};
  rows.begin_commit(change);
  BOOST_TEST(at("a") == "unknown");
  BOOST_TEST(at("b") == "1");
  rows.end_commit(change);
  BOOST_TEST(at("a") == "2");
  BOOST_TEST(at("b") == "1");
}

BOOST_AUTO_TEST_CASE(go_on_knowing_what_a_commit_leaves_as_it_is) {
  const std::array<hot_rows::change, 1> change{{{id("a"), row_of(state_of("1"))}}};
  rows.begin_commit(change);
  rows.end_commit(change);
  rows.begin_commit(change);
  BOOST_TEST(at("a") == "1");
  rows.end_commit(change);
  BOOST_TEST(at("a") == "1");
}

BOOST_AUTO_TEST_CASE(do_not_know_what_a_failed_commit_was_about) {
  read("a", "1");
  read("b", "1");
  const std::array<hot_rows::change, 1> change{{{id("a"), row_of(state_of("2"))}}};
  rows.begin_commit(change);
  rows.end_commit(none);
  BOOST_TEST(at("a") == "unknown");
  BOOST_TEST(at("b") == "1");
}

BOOST_AUTO_TEST_CASE(take_nothing_that_was_read_before_they_forgot) {
  read("a", "1");
  const auto era = era_of("b");
  rows.forget();
  BOOST_TEST(at("a") == "unknown");
  BOOST_TEST(rows.bytes() == 0U);
  BOOST_TEST(!offer("b", state_of("1"), era));
  BOOST_TEST(at("b") == "unknown");
}

BOOST_AUTO_TEST_CASE(are_found_together) {
  read("a", "1");
  read("c", "3");
  std::uint64_t era = 0;
  const auto found = rows.find(std::vector{id("a"), id("b"), id("c")}, era);
  BOOST_TEST(found.at(0)->entry->output == "1");
  BOOST_TEST(!found.at(1));
  BOOST_TEST(found.at(2)->entry->output == "3");
}

BOOST_AUTO_TEST_CASE(tell_whether_what_was_found_still_holds) {
  const auto era = era_of("a");
  BOOST_TEST(offer("b", state_of("1"), era));
  commit("a", state_of("2"));
  BOOST_TEST(!offer("b", state_of("1"), era));
}

BOOST_AUTO_TEST_CASE(stay_within_their_bytes_and_forget_what_was_not_asked_for) {
  for (int number = 0; number < 1'000; ++number) {
    for (int time = 0; time < 2; ++time)
      read(std::to_string(number), "1");
    at("0");
  }
  BOOST_TEST(rows.bytes() <= 100 * about_a_row);
  BOOST_TEST(rows.bytes() > 50 * about_a_row);
  BOOST_TEST(at("0") == "1");
  BOOST_TEST(at("1") == "unknown");
  BOOST_TEST(at("999") == "1");
}

BOOST_AUTO_TEST_CASE(are_not_driven_out_by_what_is_read_once) {
  for (int number = 0; number < 1'000; ++number)
    read(std::to_string(number), "1");
  BOOST_TEST(rows.bytes() > 90 * about_a_row);
  BOOST_TEST(at("0") == "1");
  BOOST_TEST(at("999") == "unknown");
  read("999", "1");
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
