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

// Of all lengths around where one more block is hashed, and longer than is hashed side by side.
BOOST_AUTO_TEST_CASE(is_the_same_for_many_at_once) {
  BOOST_TEST(primary_keys({}).empty());
  std::vector<entry_key> keys;
  for (std::size_t size = 0; size < 600; ++size)
    keys.push_back({{"org", "project", std::string(size % 7, 'd')}, std::string(size, 'k')});
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{5}, keys.size()}) {
    const auto ids = primary_keys(std::span{keys}.last(count));
    BOOST_TEST_REQUIRE(ids.size() == count);
    for (std::size_t at = 0; at < count; ++at)
      BOOST_TEST(to_hex(ids[at]) == to_hex(primary_key(keys[keys.size() - count + at])));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
