#include "area.hpp"

#include <deja/app/run/explanation.hpp>

using namespace deja;
using namespace deja::run;
using namespace std::chrono_literals;

namespace {

/// Lists what the case says.
class fake_candidates : public candidate_source {
public:
  result<std::vector<candidate>> list(const std::string& name, std::size_t) override {
    asked_for = name;
    if (problem)
      return *problem;
    return all;
  }

  std::vector<candidate> all;
  std::optional<error> problem;
  std::string asked_for;
};

struct explaining : area {
  explaining() {
    command.name = "cc";
    command.parts = {part("command"), part("env:PATH"), part("input:a"), part("tool")};
  }

  static key_part part(const std::string& name, const std::string& value = "1") {
    return {name, sha256::of(value)};
  }

  /// A call that is remembered, with these parts.
  void remember(std::vector<key_part> parts, const std::string& version = "v",
                wall_time stored = {}) {
    fingerprint other;
    other.parts = std::move(parts);
    const auto text = parts_text(other);
    BOOST_REQUIRE(blobs->put_bytes(sha256::of(text), text));
    source.all.push_back({key_with(version), stored, sha256::of(text)});
  }

  static std::string key_with(const std::string& version) {
    return std::string(107, 'k') + version;
  }

  std::string told() { return explain_miss(command, key_with("v"), source, *blobs); }

  void expect_end(const std::string& end) { BOOST_TEST(told().ends_with(end), told()); }

  fingerprint command;
  fake_candidates source;
  std::unique_ptr<content_store> blobs{
      make_content_store(open_blob_store((folder / "blobs").native()).value())};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(explanation_suite, explaining)

BOOST_AUTO_TEST_CASE(without_another_call_there_is_nothing_to_compare) {
  BOOST_TEST(told() == "nothing is remembered for this call, nor for any other by the name \"cc\"");
  BOOST_TEST(source.asked_for == "cc");
}

BOOST_AUTO_TEST_CASE(the_first_and_all_parts_that_differ_are_named) {
  remember({part("command"), part("env:PATH", "2"), part("input:a", "2"), part("tool")});
  expect_end(" differs first in env:PATH; all parts that differ: env:PATH, input:a");
}

BOOST_AUTO_TEST_CASE(one_part_that_differs_is_named_once) {
  remember({part("command"), part("env:PATH"), part("input:a", "2"), part("tool")});
  expect_end(" differs first in input:a, and in nothing else");
}

BOOST_AUTO_TEST_CASE(parts_that_only_one_call_has_are_told) {
  remember({part("command"), part("env:PATH"), part("input:b"), part("tool")});
  expect_end(": input:a (not there then), input:b (only there then)");
}

BOOST_AUTO_TEST_CASE(the_cache_version_is_a_part_too) {
  remember(command.parts, "w");
  expect_end(" differs first in cache-version, and in nothing else");
}

BOOST_AUTO_TEST_CASE(the_call_with_most_in_common_is_the_nearest_and_of_equals_the_newest) {
  remember({part("command", "2"), part("env:PATH", "2"), part("input:a"), part("tool")});
  remember({part("command"), part("env:PATH"), part("input:a", "2"), part("tool")}); // the newest
  remember({part("command", "2"), part("env:PATH"), part("input:a"), part("tool")});
  expect_end(" differs first in input:a, and in nothing else");
}

BOOST_AUTO_TEST_CASE(a_call_whose_parts_are_gone_is_passed_over) {
  source.all.push_back({key_with("v"), {}, sha256::of("nowhere")});
  BOOST_TEST(told() == "nothing is remembered for this call; the parts of remembered keys can't be "
                       "read");
  remember({part("command"), part("env:PATH"), part("input:a", "2"), part("tool")});
  expect_end(" differs first in input:a, and in nothing else");
}

BOOST_AUTO_TEST_CASE(without_a_listing_that_is_told) {
  source.problem = error{errc::unimplemented, "the service lists no entries"};
  BOOST_TEST(told() == "nothing is remembered for this call; in what it differs from others can't "
                       "be known: the service lists no entries");
}

BOOST_AUTO_TEST_SUITE_END()
