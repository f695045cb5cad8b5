#include "index_fixture.hpp"

#include <map>
#include <random>

namespace {

using namespace deja;
using namespace deja::testing;

/// PostgreSQL's statement beside the plain rules of the index in memory, on the same clock. Their
/// numbers differ, for a sequence has gaps; each has a counterpart.
class both_indexes {
public:
  index_fixture plain{"memory"}, database{"postgresql"};

  void pass(duration time) {
    plain.clock->pass(time);
    database.clock->pass(time);
  }

  void apply(std::vector<operation> group) {
    // When an expired entry really goes is each index's own affair.
    std::vector<bool> sweeps;
    for (const auto& one : group)
      sweeps.push_back(std::holds_alternative<sweep_operation>(one));
    const auto expected = plain.at.apply(group);
    for (auto& one : group)
      std::visit([&](auto& what) { rename(what); }, one);
    const auto given = database.at.apply(std::move(group));
    BOOST_REQUIRE_EQUAL(given.size(), expected.size());
    for (std::size_t at = 0; at < given.size(); ++at)
      if (!sweeps[at])
        compare(given[at], expected[at]);
  }

  void compare_all(const std::vector<entry_key>& keys) {
    const auto expected = plain.at.lookup(keys), given = database.at.lookup(keys);
    for (std::size_t at = 0; at < keys.size(); ++at)
      compare(given[at], expected[at]);
  }

private:
  template <class Operation>
  void rename(Operation& what) const {
    if constexpr (std::is_same_v<Operation, put_operation>) {
      if (what.when.generation)
        what.when.generation = counterpart(*what.when.generation);
      if (what.when.held)
        what.when.held->token = counterpart(what.when.held->token);
    } else if constexpr (std::is_same_v<Operation, delete_operation>) {
      if (what.generation)
        what.generation = counterpart(*what.generation);
    }
  }

  /// A number that memory has not given yet must be none that PostgreSQL has given.
  std::uint64_t counterpart(std::uint64_t number) const {
    constexpr auto never_given = std::uint64_t{1} << 40;
    const auto found = numbers_.find(number);
    return found != numbers_.end() ? found->second : number == 0 ? 0 : number | never_given;
  }

  void compare_numbers(std::uint64_t given, std::uint64_t expected) {
    const auto known = numbers_.emplace(expected, given).first->second;
    BOOST_TEST(given == known);
  }

  void compare(const outcome& given, const outcome& expected) {
    BOOST_TEST(code_of(given) == code_of(expected));
    if (given.why && given.why->message.find("generation") == std::string::npos)
      BOOST_TEST(given.why->message == expected.why->message);
    BOOST_REQUIRE(bool{given.entry} == bool{expected.entry});
    if (given.entry) {
      const auto &a = *given.entry, &b = *expected.entry;
      BOOST_TEST((a.key == b.key && a.task == b.task && a.content == b.content));
      BOOST_TEST(a.output == b.output);
      BOOST_TEST(a.size == b.size);
      BOOST_TEST((a.created == b.created));
      BOOST_TEST((a.updated == b.updated));
      BOOST_TEST((a.accessed == b.accessed));
      BOOST_TEST((a.expires == b.expires));
      compare_numbers(a.generation, b.generation);
    }
    BOOST_REQUIRE(given.reservation.has_value() == expected.reservation.has_value());
    if (given.reservation) {
      auto a = *given.reservation;
      compare_numbers(a.fencing_token, expected.reservation->fencing_token);
      a.fencing_token = expected.reservation->fencing_token;
      BOOST_TEST((a == *expected.reservation));
    }
  }

  std::map<std::uint64_t, std::uint64_t> numbers_; ///< Memory's to PostgreSQL's.
};

/// Any operation on one of three keys, with whatever conditions it can have.
class random_operations {
public:
  explicit random_operations(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  template <class T>
  T one_of(std::initializer_list<T> all) {
    return *(all.begin() + below(all.size()));
  }

  operation any() {
    const auto key = key_named(one_of<const char*>({"a", "b", "c"}));
    const std::string owner = one_of<const char*>({"me", "you"});
    switch (below(9)) {
    case 0:
    case 1:
    case 2:
      return any_put(key, owner);
    case 3:
      return delete_operation{key, any_number()};
    case 4:
    case 5:
      return reserve_operation{key, owner, one_of<duration>({0s, 5s}), one_of<duration>({3s, 9s})};
    case 6:
      return release_operation{key, owner};
    case 7:
      return sweep_operation{key, one_of<duration>({0s, 2s})};
    default:
      return touch_operation{key};
    }
  }

private:
  std::optional<std::uint64_t> any_number() {
    if (below(2) == 0)
      return std::nullopt;
    return one_of<std::uint64_t>({0, below(40), ~std::uint64_t{}});
  }

  operation any_put(const entry_key& key, const std::string& owner) {
    auto what = put(key, one_of<const char*>({"1", "2", "3"}));
    what.when.overwrite = below(4) == 0;
    if (below(3) == 0)
      what.when.max_age = one_of<duration>({0s, 2s, duration::max()});
    if (below(3) == 0)
      what.when.generation = any_number();
    if (below(3) == 0)
      what.when.held = fence{owner, any_number().value_or(0)};
    if (below(4) == 0)
      what.created = wall_time{one_of<duration>({-1ns, 0ns, 5s})};
    if (below(3) == 0)
      what.lifetime = one_of<duration>({0s, 4s, duration::max()});
    return what;
  }

  std::mt19937 random_;
};

BOOST_AUTO_TEST_SUITE(the_decision_on_postgresql,
                      *boost::unit_test::precondition([](boost::unit_test::test_unit_id) {
                        return boost::test_tools::assertion_result{
                            !postgres_server::programs().empty()};
                      }))

BOOST_AUTO_TEST_CASE(is_that_of_the_plain_rules) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    both_indexes both;
    random_operations random{seed};
    for (int round = 0; round < 120; ++round) {
      BOOST_TEST_CONTEXT("seed " << seed << ", round " << round) {
        std::vector<operation> group;
        for (auto count = 1 + random.below(6); count > 0; --count)
          group.push_back(random.any());
        both.apply(std::move(group));
        both.compare_all({key_named("a"), key_named("b"), key_named("c")});
      }
      both.pass(random.one_of<duration>({0s, 1ns, 1s, 3s}));
    }
  }
}

BOOST_AUTO_TEST_CASE(leaves_the_row_of_a_refused_reservation_unwritten) {
  const auto url = postgres_server::shared().fresh_url();
  blocking_index at{make_postgres_index({.url = url}).value()};
  auto database = postgres::connection::open({.url = url}).value();
  // A row has another place, and another transaction, once it is written.
  const auto version = [&] {
    return std::string{
        database.run(postgres::call::text("SELECT ctid::text || ' ' || xmin::text FROM deja_item"))
            .value()
            .bytes(0, 0)};
  };
  at.apply(reserve("k", "me"));
  const auto before = version();
  const auto refused = at.apply({reserve("k", "you"), reserve("k", "they"), release("k", "you")});
  BOOST_TEST(owner_of(refused[0].reservation) == "me");
  BOOST_TEST(owner_of(refused[1].reservation) == "me");
  BOOST_TEST(refused[0].reservation->fencing_token == at.lookup("k").reservation->fencing_token);
  const auto again = at.apply({reserve("k", "you"), release("k", "me"), reserve("k", "you")});
  BOOST_TEST(owner_of(again[0].reservation) == "me");
  BOOST_TEST(owner_of(again[2].reservation) == "you");
  const auto taken = version();
  BOOST_TEST(taken != before);
  BOOST_TEST(owner_of(at.apply(reserve("k", "me")).reservation) == "you");
  BOOST_TEST(version() == taken);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
