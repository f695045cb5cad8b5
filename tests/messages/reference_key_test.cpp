#include "reference_key.hpp"

#include "../support/big_stack.hpp"
#include "key_comparison.hpp"
#include "key_vectors.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <google/protobuf/stubs/logging.h>

namespace deja {

BOOST_AUTO_TEST_SUITE(the_reference_key)

BOOST_DATA_TEST_CASE(is_the_one_that_flyte_makes,
                     boost::unit_test::data::make({"cases.jsonl", "random.jsonl"}), file) {
  const auto vectors = testing::read_key_vectors(file);
  std::vector<testing::reference::outcome> made;
  testing::run_on_big_stacks(1, [&] {
    for (const auto& vector : vectors)
      made.push_back(testing::reference::make_key(vector.asked.value()));
  });
  for (std::size_t at = 0; at < vectors.size(); ++at)
    BOOST_TEST((made[at] == vectors[at].key), vectors[at].name);
}

// The address sanitizer takes exceptions on stacks as big as the deepest messages need for faults
// (google/sanitizers, issue 189).
#if defined(__SANITIZE_ADDRESS__)
constexpr bool stacks_may_be_big = false;
#else
constexpr bool stacks_may_be_big = true;
#endif

BOOST_AUTO_TEST_CASE(is_the_librarys_for_random_messages,
                     *boost::unit_test::enable_if<stacks_may_be_big>()) {
  // protobuf has something to say of each text that is not UTF-8.
  auto* const before = google::protobuf::SetLogHandler(nullptr);
  const auto [tallies, differences] = testing::compare_with_reference({});
  google::protobuf::SetLogHandler(before);
  for (const auto& [kind, tally] : tallies)
    BOOST_TEST(tally.hashes > 0U, kind << " is never hashed");
  for (const auto& difference : differences)
    BOOST_ERROR(difference);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
