#include <deja/messages/cache.hpp>

#include <boost/test/unit_test.hpp>

#include <set>

namespace deja {

BOOST_AUTO_TEST_SUITE(the_primary_key)

// As stored by every index: another value would lose all entries.
BOOST_AUTO_TEST_CASE(is_the_hash_of_the_four_parts_behind_their_lengths) {
  BOOST_TEST(to_hex(primary_key({{"o", "p", "d"}, "k"})) ==
             "16a8188d3db3ece482562e59fe1994bd965e2d67279cf9bb8ecb39e29469f132");
}

BOOST_AUTO_TEST_CASE(is_another_wherever_the_parts_are_divided_otherwise) {
  const std::set<digest> keys{
      primary_key({{"", "", ""}, "ab"}),        primary_key({{"", "", "a"}, "b"}),
      primary_key({{"", "", "ab"}, ""}),        primary_key({{"", "a", ""}, "b"}),
      primary_key({{"", "ab", ""}, ""}),        primary_key({{"a", "", ""}, "b"}),
      primary_key({{"a", "b", ""}, ""}),        primary_key({{"ab", "", ""}, ""}),
      primary_key({{"", "", ""}, {"\0ab", 3}}),
  };
  BOOST_TEST(keys.size() == 9U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
