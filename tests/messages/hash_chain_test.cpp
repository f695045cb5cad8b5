#include <deja/messages/hash_chain.hpp>

#include "json_hash.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace deja {

namespace {

namespace data = boost::unit_test::data;
using testing::json::object;
using testing::json::text;

constexpr std::array<const char*, hash_chain::most_wraps> names{"inner", "middle", "outer"};

/// A text of that size inside so many objects.
hash_chain chain_of(std::size_t size, std::size_t wraps) {
  static const std::array<digest, hash_chain::most_wraps> hashes{text(names[0]), text(names[1]),
                                                                 text(names[2])};
  hash_chain chain;
  chain.begin(string_value(std::string(size, 'x')));
  for (std::size_t wrap = 0; wrap < wraps; ++wrap)
    chain.wrap(hashes[wrap]);
  return chain;
}

std::string hash_due(std::size_t size, std::size_t wraps) {
  auto hash = text(std::string(size, 'x'));
  for (std::size_t wrap = 0; wrap < wraps; ++wrap)
    hash = object({{names[wrap], hash}});
  return to_hex(hash);
}

} // namespace

BOOST_AUTO_TEST_SUITE(hash_chains)

// 54 bytes are the most that fit in a block beside tag and padding.
BOOST_DATA_TEST_CASE(a_value_may_be_of_any_size, data::make({0, 1, 53, 54, 55, 56, 64, 200}),
                     size) {
  for (std::size_t wraps = 0; wraps <= hash_chain::most_wraps; ++wraps) {
    const auto chain = chain_of(static_cast<std::size_t>(size), wraps);
    digest hash;
    finish({&chain, 1}, &hash);
    BOOST_TEST(to_hex(hash) == hash_due(static_cast<std::size_t>(size), wraps));
  }
}

BOOST_AUTO_TEST_CASE(chains_of_any_lengths_are_hashed_side_by_side) {
  const std::array<std::array<std::size_t, 2>, 6> kinds{
      {{3, 3}, {54, 0}, {55, 2}, {0, 1}, {100, 0}, {7, 3}}};
  for (std::size_t first = 0; first < kinds.size(); ++first)
    for (std::size_t count = 0; count <= sha256_lanes; ++count) {
      std::vector<hash_chain> chains;
      std::vector<std::string> due;
      for (std::size_t at = 0; at < count; ++at) {
        const auto [size, wraps] = kinds[(first + at) % kinds.size()];
        chains.push_back(chain_of(size, wraps));
        due.push_back(hash_due(size, wraps));
      }
      std::array<digest, sha256_lanes> hashes;
      finish(chains, hashes.data());
      for (std::size_t at = 0; at < count; ++at)
        BOOST_TEST(to_hex(hashes[at]) == due[at]);
    }
}

BOOST_AUTO_TEST_CASE(a_chain_can_be_used_again) {
  auto chain = chain_of(60, 3);
  chain.begin(string_value("x"));
  digest hash;
  finish({&chain, 1}, &hash);
  BOOST_TEST(to_hex(hash) == hash_due(1, 0));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
