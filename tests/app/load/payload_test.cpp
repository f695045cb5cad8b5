#include "../../support/results.hpp"

#include <deja/app/load/payload.hpp>
#include <deja/app/load/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

namespace {

using namespace deja::app::load;

payload texts(const std::string& sizes = "fixed:250", std::uint64_t seed = 1,
              std::uint64_t run = 2) {
  return {seed, run, value_sizes::parse(sizes).value()};
}

std::string value_of(const payload& of, key_ref key, std::uint32_t version) {
  std::string value;
  of.append_value(value, key, version);
  return value;
}

BOOST_AUTO_TEST_SUITE(the_texts_of_a_load)

BOOST_AUTO_TEST_CASE(tell_each_version_of_each_key_apart) {
  const auto all = texts("uniform:20:300");
  std::set<std::string> values;
  for (std::uint64_t key = 0; key < 300; ++key)
    for (std::uint32_t version = 0; version < 3; ++version) {
      const key_ref ref{key_space::population, key};
      const auto value = value_of(all, ref, version);
      BOOST_TEST(value.size() == all.value_size(ref, version));
      BOOST_TEST(values.insert(value).second);
      BOOST_TEST(all.is_value(value, ref, version));
      BOOST_TEST(!all.is_value(value, ref, version + 1));
      BOOST_TEST(!all.is_value(value, {key_space::population, key + 1}, version));
      BOOST_TEST(!all.is_value(value, {key_space::fresh, key}, version));
    }
}

BOOST_AUTO_TEST_CASE(find_any_character_that_was_changed) {
  const auto all = texts("fixed:100000"); // more than the letters they are taken from
  const key_ref key{key_space::population, 3};
  auto value = value_of(all, key, 0);
  BOOST_TEST(value.size() == 100'000U);
  for (const std::size_t at : {0, 7, 8, 5000, 70'000, 99'999}) {
    const auto was = value[at];
    value[at] = '!';
    BOOST_TEST(!all.is_value(value, key, 0), at);
    value[at] = was;
  }
  BOOST_TEST(all.is_value(value, key, 0));
  BOOST_TEST(!all.is_value(value + 'x', key, 0));
  BOOST_TEST(!all.is_value("", key, 0));
}

BOOST_AUTO_TEST_CASE(may_be_a_single_byte) {
  const auto all = texts("fixed:1");
  BOOST_TEST(value_of(all, {}, 0).size() == 1U);
}

BOOST_AUTO_TEST_CASE(are_the_same_for_the_same_seed) {
  const auto one = texts(), again = texts("fixed:250", 1, 99), other = texts("fixed:250", 2);
  const key_ref key{key_space::population, 5};
  BOOST_TEST(view_of(one.key(key)) == view_of(again.key(key)));
  BOOST_TEST(value_of(one, key, 1) == value_of(again, key, 1));
  BOOST_TEST(view_of(one.key(key)) != view_of(other.key(key)));
  // New keys are new in each run.
  const key_ref fresh{key_space::fresh, 5};
  BOOST_TEST(view_of(one.key(fresh)) != view_of(again.key(fresh)));
}

BOOST_AUTO_TEST_CASE(have_the_sizes_that_were_asked_for) {
  const auto even = value_sizes::parse("uniform:10:20").value();
  const auto normal = value_sizes::parse("lognormal:250:0.5").value();
  std::set<std::size_t> seen;
  std::vector<std::size_t> sizes;
  for (std::uint64_t n = 0; n < 20'000; ++n) {
    seen.insert(even.of(mixed(n)));
    sizes.push_back(normal.of(mixed(n)));
  }
  BOOST_TEST(seen.size() == 11U);
  BOOST_TEST((*seen.begin() == 10 && *seen.rbegin() == 20));
  std::sort(sizes.begin(), sizes.end());
  BOOST_TEST(static_cast<double>(sizes[10'000]) == 250, boost::test_tools::tolerance(0.03));
  // One deviation up: 250 * e^0.5.
  BOOST_TEST(static_cast<double>(sizes[16'827]) == 412, boost::test_tools::tolerance(0.03));
  for (const auto* bad : {"fixed", "fixed:0", "fixed:1.5", "fixed:1000001", "uniform:5:4",
                          "uniform:5", "lognormal:10:-1", "lognormal:10:11", "normal:1:1", ""})
    BOOST_TEST(!value_sizes::parse(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
