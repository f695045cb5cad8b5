#include <deja/actors/memoization.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;
namespace step = memoization_step;

template <class Step>
bool is_next(const memoization& task) {
  return std::holds_alternative<Step>(task.next());
}

/// The outcome, where it is finished.
std::optional<memoization_outcome> outcome_of(const memoization& task) {
  const auto* end = std::get_if<step::finished>(&task.next());
  return end ? std::optional{end->outcome} : std::nullopt;
}

reservation held_by(const std::string& owner) {
  reservation held;
  held.owner = owner;
  held.fencing_token = 7;
  return held;
}

memoization_options mine() {
  memoization_options options;
  options.owner = "me";
  return options;
}

/// Up to the computation, with the reservation.
memoization computing(memoization_options options = mine()) {
  memoization task{std::move(options)};
  task.missed();
  task.reserved(held_by("me"));
  task.missed();
  BOOST_TEST(is_next<step::compute>(task));
  return task;
}

put_condition condition_of(const memoization& task) {
  return std::get<step::put>(task.next()).when;
}

} // namespace

BOOST_AUTO_TEST_SUITE(memoizations)

BOOST_AUTO_TEST_CASE(a_hit_is_the_end) {
  memoization task{mine()};
  BOOST_TEST(is_next<step::look_up>(task));
  task.found();
  BOOST_TEST((outcome_of(task) == memoization_outcome::hit));
}

BOOST_AUTO_TEST_CASE(a_miss_reserves_looks_again_computes_puts_and_releases) {
  memoization task{mine()};
  task.missed();
  BOOST_TEST(is_next<step::reserve>(task));
  task.reserved(held_by("me"));
  BOOST_TEST(is_next<step::look_up>(task));
  task.missed();
  BOOST_TEST(is_next<step::compute>(task));
  task.computed();
  const auto when = condition_of(task);
  BOOST_TEST(!when.overwrite);
  BOOST_TEST(!when.max_age.has_value());
  BOOST_TEST((when.held == fence{"me", 7}));
  task.put(put_status::stored);
  BOOST_TEST(is_next<step::release>(task));
  task.released();
  BOOST_TEST((outcome_of(task) == memoization_outcome::stored));
}

BOOST_AUTO_TEST_CASE(an_entry_that_came_before_the_reservation_is_a_hit_and_it_is_released) {
  memoization task{mine()};
  task.missed();
  task.reserved(held_by("me"));
  task.found();
  BOOST_TEST(is_next<step::release>(task));
  task.released();
  BOOST_TEST((outcome_of(task) == memoization_outcome::hit));
}

BOOST_AUTO_TEST_CASE(anothers_is_waited_for_ever_slower) {
  memoization task{mine()};
  duration before{};
  for (const auto pause : {50ms, 100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    BOOST_TEST(is_next<step::look_up>(task));
    task.missed();
    task.reserved(held_by("you"));
    const auto& wait = std::get<step::wait>(task.next());
    BOOST_TEST((wait.time == pause));
    BOOST_TEST((wait.before == before));
    BOOST_TEST(wait.holder.owner == "you");
    before += pause;
    task.waited();
  }
  task.found();
  BOOST_TEST((outcome_of(task) == memoization_outcome::hit));
}

BOOST_AUTO_TEST_CASE(who_waits_takes_over_from_an_owner_that_died) {
  memoization task{mine()};
  task.missed();
  task.reserved(held_by("you"));
  task.waited();
  task.missed();
  task.reserved(held_by("me"));
  task.missed();
  BOOST_TEST(is_next<step::compute>(task));
}

BOOST_AUTO_TEST_CASE(without_waiting_it_computes_beside_the_other) {
  auto options = mine();
  options.no_wait = true;
  memoization task{options};
  task.missed();
  task.reserved(held_by("you"));
  BOOST_TEST(is_next<step::compute>(task));
  task.computed();
  BOOST_TEST(!condition_of(task).held.has_value());
  task.put(put_status::already_other);
  BOOST_TEST((outcome_of(task) == memoization_outcome::lost_race));
}

BOOST_AUTO_TEST_CASE(patience_has_its_limit) {
  auto options = mine();
  options.wait_timeout = 60ms;
  memoization task{options};
  for (int round = 0; round < 2; ++round) {
    task.missed();
    task.reserved(held_by("you"));
    task.waited();
  }
  task.missed();
  task.reserved(held_by("you"));
  BOOST_TEST(is_next<step::compute>(task));
}

BOOST_AUTO_TEST_CASE(a_damaged_entry_is_replaced_where_it_is_still_the_same) {
  memoization task{mine()};
  task.rejected(true, 3);
  task.reserved(held_by("me"));
  BOOST_TEST(is_next<step::compute>(task)); // no second look at what is damaged
  task.computed();
  BOOST_TEST((condition_of(task).generation == 3U));
  BOOST_TEST(!condition_of(task).overwrite);
}

BOOST_AUTO_TEST_CASE(a_damaged_entry_of_no_known_generation_is_overwritten) {
  memoization task{mine()};
  task.rejected(true, std::nullopt);
  task.reserved(held_by("me"));
  task.computed();
  BOOST_TEST(condition_of(task).overwrite);
}

BOOST_AUTO_TEST_CASE(an_entry_that_only_we_cannot_use_stays) {
  memoization task{mine()};
  task.rejected(false, 3);
  task.reserved(held_by("me"));
  BOOST_TEST(is_next<step::compute>(task));
  task.computed();
  BOOST_TEST(!condition_of(task).overwrite);
  BOOST_TEST(!condition_of(task).generation.has_value());
}

BOOST_AUTO_TEST_CASE(what_another_mended_meanwhile_is_not_replaced) {
  memoization task{mine()};
  task.rejected(true, 3);
  task.reserved(held_by("you"));
  task.waited();
  BOOST_TEST(is_next<step::look_up>(task));
  task.missed();
  task.reserved(held_by("me"));
  task.missed();
  task.computed();
  BOOST_TEST(!condition_of(task).generation.has_value());
}

BOOST_AUTO_TEST_CASE(a_refresh_computes_and_overwrites) {
  auto options = mine();
  options.refresh = true;
  memoization task{options};
  BOOST_TEST(is_next<step::reserve>(task));
  task.reserved(held_by("me"));
  BOOST_TEST(is_next<step::compute>(task));
  task.computed();
  BOOST_TEST(condition_of(task).overwrite);
}

BOOST_AUTO_TEST_CASE(too_old_an_entry_may_be_replaced) {
  auto options = mine();
  options.max_age = 1h;
  auto task = computing(options);
  task.computed();
  BOOST_TEST((condition_of(task).max_age == 1h));
}

BOOST_AUTO_TEST_CASE(read_only_neither_reserves_nor_puts) {
  auto options = mine();
  options.read_only = true;
  memoization task{options};
  task.missed();
  BOOST_TEST(is_next<step::compute>(task));
  task.computed();
  BOOST_TEST((outcome_of(task) == memoization_outcome::not_stored));
  options.refresh = true;
  BOOST_TEST(is_next<step::compute>(memoization{options}));
}

BOOST_AUTO_TEST_CASE(a_cache_out_of_reach_is_done_without) {
  memoization task{mine()};
  task.failed({errc::unavailable, "gone"});
  BOOST_TEST(is_next<step::compute>(task));
  task.computed();
  BOOST_TEST((outcome_of(task) == memoization_outcome::unremembered));
}

BOOST_AUTO_TEST_CASE(out_of_reach_while_reserved_the_reservation_is_still_released) {
  memoization task{mine()};
  task.missed();
  task.reserved(held_by("me"));
  task.failed({errc::unavailable, "gone"});
  task.computed();
  BOOST_TEST(is_next<step::release>(task));
  task.released();
  BOOST_TEST((outcome_of(task) == memoization_outcome::unremembered));
}

BOOST_AUTO_TEST_CASE(a_required_cache_out_of_reach_is_the_end) {
  auto options = mine();
  options.required = true;
  memoization task{options};
  task.missed();
  task.failed({errc::unavailable, "gone"});
  BOOST_TEST((outcome_of(task) == memoization_outcome::refused));
  BOOST_TEST(std::get<step::finished>(task.next()).why->message == "gone");
}

BOOST_AUTO_TEST_CASE(a_failure_is_not_stored_and_the_reservation_released) {
  auto task = computing();
  task.failed_to_compute();
  BOOST_TEST(is_next<step::release>(task));
  task.released();
  BOOST_TEST((outcome_of(task) == memoization_outcome::failed));
}

BOOST_AUTO_TEST_CASE(outputs_that_cannot_be_stored_say_why) {
  auto task = computing();
  task.not_to_be_stored({errc::resource_exhausted, "disk full"});
  task.released();
  BOOST_TEST((outcome_of(task) == memoization_outcome::not_stored));
  BOOST_TEST(std::get<step::finished>(task.next()).why->message == "disk full");
}

BOOST_AUTO_TEST_CASE(a_put_tells_how_it_ended) {
  const auto put = [](const result<put_status>& done) {
    auto task = computing();
    task.computed();
    task.put(done);
    task.released();
    return outcome_of(task).value();
  };
  BOOST_TEST((put(put_status::already_same) == memoization_outcome::lost_race));
  BOOST_TEST((put(error{errc::failed_precondition, "fence"}) == memoization_outcome::lost_race));
  BOOST_TEST((put(error{errc::unavailable, "gone"}) == memoization_outcome::not_stored));
}

BOOST_AUTO_TEST_CASE(what_was_not_to_be_done_is_a_mistake) {
  memoization task{mine()};
  BOOST_CHECK_THROW(task.computed(), std::logic_error);
  BOOST_CHECK_THROW(task.reserved(held_by("me")), std::logic_error);
  BOOST_CHECK_THROW(task.waited(), std::logic_error);
  BOOST_CHECK_THROW(task.released(), std::logic_error);
  task.found();
  BOOST_CHECK_THROW(task.missed(), std::logic_error);
}

BOOST_AUTO_TEST_SUITE_END()
