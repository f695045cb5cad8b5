#include "../support/results.hpp"

#include <deja/app/upkeep_options.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;

std::string refusal(const app::upkeep_options& asked) {
  const auto read = app::read_upkeep(asked);
  return read ? "none" : read.error().message;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(options_of_upkeep)

BOOST_AUTO_TEST_CASE(give_lifetimes_to_all_and_to_projects) {
  const auto limits = app::read_upkeep({.lifetimes = {"30d", "p=1h", "a=b=2h"}}).value().limits;
  BOOST_TEST((limits.lifetime == 30 * 24h));
  BOOST_TEST((limits.project_lifetimes.at("p") == 1h));
  BOOST_TEST((limits.project_lifetimes.at("a=b") == 2h));
}

BOOST_AUTO_TEST_CASE(name_the_flag_and_the_limit) {
  const auto zero = refusal({.lifetimes = {"p=0s"}});
  BOOST_TEST((has(zero, "--lifetime p=0s") && has(zero, "1 s to 36500 days")), zero);
  BOOST_TEST(has(refusal({.lifetimes = {"50000d"}}), "36500 days"));
  BOOST_TEST(has(refusal({.lifetimes = {"p="}}), "--lifetime p="));
  BOOST_TEST(has(refusal({.max_entries = 0}), "max_entries is 0"));
  BOOST_TEST(has(refusal({.sweep_interval = "0s"}), "1 ms to 24 h"));
  BOOST_TEST(has(refusal({.grace = "soon"}), "--grace"));
  BOOST_TEST(refusal({}) == "none");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
