#include <deja/actors/work_identity.hpp>

#include "../support/shared_value.hpp"
#include "../support/tasks.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace deja {

namespace {

using testing::some_key;
using testing::some_literals;

// Keys that differ in one thing each.
std::vector<shared<catalog_key>> different_keys() {
  std::vector<catalog_key> keys(9, some_key());
  keys[1].identifier->set_name("test");
  keys[2].identifier.reset();
  testing::change(keys[3].interface, [](auto& interface) { interface.mutable_outputs(); });
  keys[4].interface.reset();
  keys[5].cache_version = "2";
  keys[6].ignored_inputs = {"x"};
  keys[7].inputs = some_literals(2);
  keys[8].inputs = inputs_under{"s3://in"};
  std::vector<shared<catalog_key>> all(keys.begin(), keys.end());
  all.emplace_back();
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(work_identity)

BOOST_AUTO_TEST_CASE(of_the_same_work_is_the_same_whatever_came_before) {
  work_identities identities;
  const auto keys = different_keys();
  for (const auto& before : keys)
    for (const auto& key : keys) {
      identities.of(download_request{before, {}});
      BOOST_TEST((identities.of(download_request{key, {}}) ==
                  work_identities{}.of(download_request{key, {}})));
    }
}

BOOST_AUTO_TEST_CASE(of_different_downloads_is_different) {
  work_identities identities;
  std::set<digest> seen;
  for (const auto& key : different_keys())
    seen.insert(identities.of(download_request{key, {}}));
  seen.insert(identities.of(download_request{some_key(), outputs_under{"s3://out"}}));
  seen.insert(identities.of(download_request{some_key(), outputs_under{"s3://other"}}));
  BOOST_TEST(seen.size() == different_keys().size() + 2);
}

BOOST_AUTO_TEST_CASE(of_different_uploads_is_different) {
  const catalog_put put{some_key(), shared<core::LiteralMap>{some_literals(1)}, {}};
  std::vector<catalog_put> puts(7, put);
  puts[1].outputs = shared<core::LiteralMap>{some_literals(2)};
  puts[2].outputs = outputs_under{"s3://out"};
  puts[3].when.overwrite = true;
  puts[4].when.max_age = std::chrono::seconds{1};
  puts[5].when.generation = 1;
  puts[6].when.held = fence{.owner = "owner", .token = 1};
  work_identities identities;
  std::set<digest> seen;
  for (const auto& one : puts)
    seen.insert(identities.of(one));
  BOOST_TEST(seen.size() == puts.size());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
