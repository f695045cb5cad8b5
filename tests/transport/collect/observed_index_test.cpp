#include "collect_fixture.hpp"

#include <deja/transport/collect/observed_index.hpp>

namespace {

using namespace deja;
using namespace deja::testing;

struct observed_fixture : collect_fixture {
  std::shared_ptr<deja::index> inner = make_memory_index(clock);
  std::shared_ptr<access_log> log = std::make_shared<access_log>();
  std::vector<std::function<void()>> posted;

  observed_index observed(bool checks) {
    observed_index::checking check;
    if (checks)
      check = {std::make_shared<present_blobs>(blobs, "mem://blobs", present_blobs::limits{},
                                               [this] { return clock->now(); }),
               [this](auto task) { posted.push_back(std::move(task)); },
               [this](auto what) {
                 inner->apply({std::move(what)}, [](auto) {});
               }};
    return {inner, log, std::move(check), [this] {
              return clock->now();
            }};
  }

  void put_inner(const std::string& name, const cacheservice::CachedOutput& output) {
    inner->apply({put(name, output)}, [](auto) {});
  }

  /// `hit` or `miss`; `later` where it waits for the posted work.
  std::string look_up(observed_index& at, const std::string& name) {
    const auto told = std::make_shared<std::string>("later");
    at.lookup(std::vector{key_named(name)},
              [told](auto all) { *told = all.at(0).entry ? "hit" : "miss"; });
    const auto first = *told;
    for (const auto& task : std::exchange(posted, {}))
      task();
    return first == *told ? first : first + ", " + *told;
  }
};

BOOST_FIXTURE_TEST_SUITE(an_observed_index, observed_fixture)

BOOST_AUTO_TEST_CASE(notes_what_is_found) {
  auto at = observed(false);
  put_inner("k", output_of(store("content")));
  clock->pass(61s);
  BOOST_TEST(look_up(at, "k") == "hit");
  BOOST_TEST(look_up(at, "other") == "miss");
  const auto touches = log->take(10);
  BOOST_REQUIRE_EQUAL(touches.size(), 1);
  BOOST_TEST((std::get<touch_operation>(touches.at(0)).key == key_named("k")));
}

BOOST_AUTO_TEST_CASE(looks_for_blobs_once_in_a_while) {
  auto at = observed(true);
  const auto content = store("content");
  put_inner("k", output_of(content));
  BOOST_TEST(look_up(at, "k") == "later, hit");
  BOOST_TEST(look_up(at, "k") == "hit");
  clock->pass(61s);
  BOOST_TEST(look_up(at, "k") == "later, hit");
  BOOST_TEST(at.incomplete() == 0U);
}

BOOST_AUTO_TEST_CASE(takes_an_entry_without_its_blobs_for_a_miss_and_makes_room) {
  auto at = observed(true);
  const auto content = store("content");
  put_inner("k", output_of(content));
  blobs->remove(content_reference(content)).value();
  BOOST_TEST(look_up(at, "k") == "later, miss");
  BOOST_TEST(at.incomplete() == 1U);
  BOOST_TEST(look_up(at, "k") == "miss");
  put_inner("k", output_of(store("content")));
  BOOST_TEST(look_up(at, "k") == "later, hit");
}

BOOST_AUTO_TEST_CASE(knows_outputs_that_lie_in_its_store_by_their_url) {
  auto at = observed(true);
  cacheservice::CachedOutput here, elsewhere;
  here.set_output_uri("mem://blobs/a/outputs.pb");
  elsewhere.set_output_uri("s3://elsewhere/a/outputs.pb");
  put_inner("here", here);
  put_inner("elsewhere", elsewhere);
  BOOST_TEST(look_up(at, "elsewhere") == "hit");
  BOOST_TEST(look_up(at, "here") == "later, miss");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
