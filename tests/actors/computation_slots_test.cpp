#include <deja/actors/computation_slots.hpp>

#include <boost/test/unit_test.hpp>

using deja::computation_slots;

BOOST_AUTO_TEST_SUITE(slots_of_computations)

BOOST_AUTO_TEST_CASE(who_comes_when_all_are_taken_waits_and_has_its_turn_in_order) {
  computation_slots slots{2};
  BOOST_TEST(slots.take(1));
  BOOST_TEST(slots.take(2));
  BOOST_TEST(!slots.take(3));
  BOOST_TEST(!slots.take(4));
  BOOST_TEST(!slots.next().has_value()); // none is free
  slots.give_back();
  BOOST_TEST(slots.next().value() == 3U);
  BOOST_TEST(slots.take(3));
  BOOST_TEST(!slots.next().has_value());
  slots.give_back();
  BOOST_TEST(slots.next().value() == 4U);
  BOOST_TEST(!slots.next().has_value()); // nobody waits
}

BOOST_AUTO_TEST_CASE(without_a_limit_nobody_waits) {
  computation_slots slots{0};
  for (std::uint64_t who = 0; who < 100; ++who)
    BOOST_TEST(slots.take(who));
  slots.give_back();
  BOOST_TEST(!slots.next().has_value());
}

BOOST_AUTO_TEST_CASE(who_withdraws_has_no_turn) {
  computation_slots slots{1};
  slots.take(1);
  slots.take(2);
  slots.take(3);
  BOOST_TEST(slots.withdraw(2));
  BOOST_TEST(!slots.withdraw(2));
  BOOST_TEST(!slots.withdraw(1)); // has one
  slots.give_back();
  BOOST_TEST(slots.next().value() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
