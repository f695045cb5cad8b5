#include <deja/actors/flights.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;

const flight_key key{{{"o", "p", "d"}, "key"}};

} // namespace

BOOST_AUTO_TEST_SUITE(flight_tables)

BOOST_AUTO_TEST_CASE(a_flight_is_found_by_id_and_by_key_until_it_is_removed) {
  flights all;
  auto& one = all.add(key, {});
  BOOST_TEST(all.find(one.id) == &one);
  BOOST_TEST(all.find(key) == &one);
  all.remove(one);
  BOOST_TEST(all.empty());
  BOOST_TEST(!all.find(key));
  BOOST_TEST(!all.find(1));
}

BOOST_AUTO_TEST_CASE(calls_with_other_options_find_another_flight) {
  flights all;
  auto& one = all.add(key, {});
  for (auto change :
       {+[](flight_key& of) { of.overwrite = true; },
        +[](flight_key& of) { of.max_age = duration{1}; },
        +[](flight_key& of) { of.serve_stale = true; }, +[](flight_key& of) { of.alone = 1; },
        +[](flight_key& of) {
          of.where.where.domain = "e";
        }}) {
    auto other = key;
    change(other);
    BOOST_TEST(!all.find(other));
    auto& another = all.add(other, {});
    BOOST_TEST(all.find(other) == &another);
    BOOST_TEST(another.owner != one.owner);
  }
  BOOST_TEST(all.find(key) == &one);
}

BOOST_AUTO_TEST_CASE(no_two_tables_have_the_same_owner) {
  flights all, others;
  BOOST_TEST(all.add(key, {}).owner != others.add(key, {}).owner);
}

BOOST_AUTO_TEST_SUITE_END()
