#include "area.hpp"

#include <deja/app/run/remembered_states.hpp>
#include <deja/app/run/remembering.hpp>

#include <deque>

using namespace deja;
using namespace deja::run;
using namespace std::chrono_literals;

namespace {

const error out_of_reach{errc::unavailable, "no service"};

/// A catalog that answers as the case says.
class fake_catalog : public catalog_access {
public:
  explicit fake_catalog(const std::filesystem::path& blobs)
      : contents_(make_content_store(open_blob_store(blobs.native()).value())) {}

  result<catalog_entry> look_up(duration) override {
    ++look_ups;
    if (broken)
      return *broken;
    if (appears_at_look_up && look_ups >= *appears_at_look_up)
      entry = later;
    if (!entry)
      return error{errc::not_found, "no entry"};
    return *entry;
  }

  result<reservation> reserve(const std::string& owner) override {
    if (reserve_fails)
      return *reserve_fails;
    reservation given;
    given.owner = owner;
    given.fencing_token = 7;
    if (!others.empty()) {
      given.owner = others.front();
      others.pop_front();
    } else {
      held = true;
    }
    return given;
  }

  result<waited> wait(std::optional<std::uint64_t> newer_than, duration time) override {
    waits.emplace_back(newer_than.value_or(0), time);
    if (tells.empty())
      return error{errc::unimplemented, "can't be waited for"};
    const auto told = tells.front();
    tells.pop_front();
    if (told.event == wait_event::entry)
      entry = later;
    return told;
  }

  result<void> release() override {
    ++releases;
    held = false;
    return {};
  }

  result<put_status> put(core::LiteralMap outputs, std::map<std::string, std::string> key_map,
                         const put_condition& when) override {
    condition = when;
    if (put_fails)
      return *put_fails;
    catalog_entry made;
    made.outputs = shared<core::LiteralMap>{std::move(outputs)};
    for (const auto& [name, value] : key_map)
      (*made.stored.mutable_key_map()->mutable_values())[name] = value;
    made.generation = 3;
    entry = made;
    ++puts;
    return put_status::stored;
  }

  content_store& contents() override { return *contents_; }

  std::optional<catalog_entry> entry, later;
  std::optional<int> appears_at_look_up;
  std::optional<error> broken, reserve_fails, put_fails;
  std::deque<std::string> others; ///< Who holds the reservation, call by call; then we.
  std::optional<put_condition> condition;
  bool held = false;
  std::deque<waited> tells; ///< What waits are told; then that they can't be.
  std::vector<std::pair<std::uint64_t, duration>> waits;
  int look_ups = 0, releases = 0, puts = 0;

private:
  std::unique_ptr<content_store> contents_;
};

/// A shell command whose runs are counted in a file.
struct remembered : area {
  remembered() {
    asked.outputs = {"out"};
    script("echo made > out");
  }

  void script(const std::string& text) {
    asked.command = {"sh", "-c", "cd '" + folder.native() + "'; echo >> runs; " + text};
  }

  result<run_report> run() {
    fingerprint command;
    command.parts = {{"input:one", sha256::of("as it was"), part_type::file}};
    const auto now = changed ? sha256::of("changed") : sha256::of("as it was");
    command_plan plan;
    plan.process.executable = "/bin/sh";
    plan.process.arguments = asked.command;
    plan.process.environment = {{"PATH", "/usr/bin:/bin"}};
    plan.places = {folder / "out"};
    plan.depfile = depfile;
    plan.after = std::chrono::system_clock::now();
    remembering one{{.asked = asked,
                     .command = command,
                     .plan = plan,
                     .working_folder = folder,
                     .owner = "host/1/1/00",
                     .take_again =
                         [command, now]() mutable {
                           command.parts.front().value = now;
                           return result<fingerprint>{command};
                         },
                     .discovered = discovered ? &*discovered : nullptr,
                     .why_missed = [] { return std::string{"nothing like it"}; },
                     .tell = [this](std::string_view text) { told.emplace_back(text); },
                     .pause =
                         [this](duration span) {
                           waited += span;
                         }},
                    catalog};
    return one.run();
  }

  outcome outcome_of_run() {
    auto done = run();
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
    return done->outcome;
  }

  int runs() const { return has("runs") ? static_cast<int>(read("runs").size()) : 0; }

  /// Makes the command tell in a depfile that it read `header`.
  void discover() {
    write("header", "one");
    depfile = folder / "out.d";
    discovered.emplace(depfile_config{.depfile = *depfile, .working_folder = folder}, digester);
    script("cp header out; echo 'out: header' > out.d");
  }

  std::size_t states() const { return states_of(*catalog.entry->outputs).size(); }

  options asked;
  digest_memory memory;
  file_digester digester{memory};
  std::optional<std::filesystem::path> depfile;
  std::optional<discovered_inputs> discovered;
  fake_catalog catalog{folder / "blobs"};
  bool changed = false;
  std::vector<std::string> told;
  duration waited{};
};

} // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(deja::run::outcome)

BOOST_FIXTURE_TEST_SUITE(remembering_suite, remembered)

BOOST_AUTO_TEST_CASE(a_miss_runs_and_stores_and_then_it_is_a_hit) {
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST((catalog.condition->held == fence{"host/1/1/00", 7}));
  BOOST_TEST(!catalog.condition->overwrite);
  write("out", "edited");
  BOOST_TEST((outcome_of_run() == outcome::hit));
  BOOST_TEST(runs() == 1);
  BOOST_TEST(read("out") == "made\n");
  BOOST_TEST(!catalog.held);
  BOOST_TEST(told.empty());
}

BOOST_AUTO_TEST_CASE(a_failing_command_is_not_stored_and_keeps_its_status) {
  script("echo made > out; exit 3");
  auto done = run();
  BOOST_REQUIRE(done);
  BOOST_TEST(done->status == 3);
  BOOST_TEST((done->outcome == outcome::failed));
  BOOST_TEST(catalog.puts == 0);
  BOOST_TEST(catalog.releases == 1);
}

BOOST_AUTO_TEST_CASE(a_missing_output_is_told_and_nothing_is_stored) {
  script("true");
  auto done = run();
  BOOST_REQUIRE(done);
  BOOST_TEST(done->status == 0);
  BOOST_TEST((done->outcome == outcome::not_stored));
  BOOST_TEST(catalog.puts == 0);
  BOOST_TEST(told.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_output_that_is_a_link_is_not_stored) {
  script("ln -s runs out");
  BOOST_TEST((outcome_of_run() == outcome::not_stored));
  BOOST_TEST(told.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_input_that_changed_meanwhile_is_told_and_nothing_is_stored) {
  changed = true;
  BOOST_TEST((outcome_of_run() == outcome::not_stored));
  BOOST_TEST(read("out") == "made\n");
  BOOST_TEST(catalog.puts == 0);
  BOOST_REQUIRE_EQUAL(told.size(), 1u);
  BOOST_TEST(told.front().find("input:one") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(old_outputs_are_removed_before_the_command_runs) {
  write("out", "old");
  script("test ! -e out && echo made > out");
  BOOST_TEST((outcome_of_run() == outcome::stored));
}

BOOST_AUTO_TEST_CASE(anothers_result_is_waited_for) {
  BOOST_TEST((outcome_of_run() == outcome::stored));
  catalog.later = catalog.entry;
  catalog.entry.reset();
  catalog.look_ups = 0;
  catalog.appears_at_look_up = 3;
  catalog.others = {"box/4711/1/ff", "box/4711/1/ff"};
  BOOST_TEST((outcome_of_run() == outcome::hit));
  BOOST_TEST(runs() == 1);
  BOOST_TEST(waited > 0ms);
  BOOST_TEST(told.empty());
}

BOOST_AUTO_TEST_CASE(a_long_wait_says_once_for_whom) {
  catalog.others.assign(20, "box/4711/1700000000/ff");
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(waited > 10s);
  BOOST_REQUIRE_EQUAL(told.size(), 1u);
  BOOST_TEST(told.front().find("host box, process 4711, since ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(where_the_cache_tells_of_anothers_result_it_is_not_polled_for) {
  BOOST_TEST((outcome_of_run() == outcome::stored));
  catalog.later = std::exchange(catalog.entry, std::nullopt);
  catalog.others = {"box/4711/1/ff"};
  catalog.tells = {{wait_event::entry, 5}};
  BOOST_TEST((outcome_of_run() == outcome::hit));
  BOOST_TEST(waited == 0ms);
  BOOST_TEST(catalog.waits.size() == 1u);
  BOOST_TEST(catalog.waits.at(0).second <= 2s); // then it says for whom
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_no_hit_is_not_told_of_again) {
  catalog.others = {"box/4711/1/ff", "box/4711/1/ff"};
  catalog.tells = {{wait_event::entry, 5}};
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_REQUIRE_EQUAL(catalog.waits.size(), 2u);
  BOOST_TEST(catalog.waits.at(0).first == 0u);
  BOOST_TEST(catalog.waits.at(1).first == 5u);
}

BOOST_AUTO_TEST_CASE(without_waiting_it_computes_beside_the_other) {
  asked.no_wait = true;
  catalog.others = {"box/4711/1/ff"};
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(waited == 0ms);
  BOOST_TEST(!catalog.condition->held);
  BOOST_TEST(catalog.releases == 0);
}

BOOST_AUTO_TEST_CASE(waiting_ends_with_its_timeout) {
  asked.wait_timeout = 3s;
  catalog.others.assign(100, "box/4711/1/ff");
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(waited >= 3s);
  BOOST_TEST(waited <= 4s);
}

BOOST_AUTO_TEST_CASE(an_entry_that_came_before_the_reservation_is_a_hit) {
  BOOST_TEST((outcome_of_run() == outcome::stored));
  catalog.later = catalog.entry;
  catalog.entry.reset();
  catalog.look_ups = 0;
  catalog.appears_at_look_up = 2;
  BOOST_TEST((outcome_of_run() == outcome::hit));
  BOOST_TEST(!catalog.held);
}

BOOST_AUTO_TEST_CASE(a_damaged_entry_is_a_miss_and_replaced) {
  script("head -c 100000 /dev/zero > out");
  BOOST_TEST((outcome_of_run() == outcome::stored));
  std::filesystem::remove_all(folder / "blobs/deja");
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST((catalog.condition->generation == 3u));
  BOOST_TEST((outcome_of_run() == outcome::hit));
}

BOOST_AUTO_TEST_CASE(refresh_computes_and_replaces) {
  BOOST_TEST((outcome_of_run() == outcome::stored));
  asked.refresh = true;
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(catalog.condition->overwrite);
  BOOST_TEST(runs() == 2);
}

BOOST_AUTO_TEST_CASE(too_old_an_entry_may_be_replaced) {
  asked.max_age = 1h;
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST((catalog.condition->max_age == duration{1h}));
}

BOOST_AUTO_TEST_CASE(read_only_never_reserves_or_stores) {
  asked.read_only = true;
  BOOST_TEST((outcome_of_run() == outcome::not_stored));
  BOOST_TEST(catalog.puts + catalog.releases == 0);
}

BOOST_AUTO_TEST_CASE(out_of_reach_it_warns_once_and_runs) {
  catalog.broken = out_of_reach;
  BOOST_TEST((outcome_of_run() == outcome::unremembered));
  BOOST_TEST(told.size() == 1u);
  BOOST_TEST(runs() == 1);
}

BOOST_AUTO_TEST_CASE(a_reservation_out_of_reach_is_the_same) {
  catalog.reserve_fails = out_of_reach;
  BOOST_TEST((outcome_of_run() == outcome::unremembered));
  BOOST_TEST(told.size() == 1u);
}

BOOST_AUTO_TEST_CASE(where_the_cache_is_required_it_does_not_run_without) {
  asked.require_cache = true;
  catalog.broken = out_of_reach;
  auto done = run();
  BOOST_REQUIRE(!done);
  BOOST_TEST((done.error() == out_of_reach));
  BOOST_TEST(runs() == 0);
}

BOOST_AUTO_TEST_CASE(a_put_refused_by_the_fencing_token_is_a_lost_race) {
  catalog.put_fails = error{errc::failed_precondition, "another holds it"};
  BOOST_TEST((outcome_of_run() == outcome::lost_race));
  BOOST_TEST(told.empty());
}

BOOST_AUTO_TEST_CASE(a_full_store_costs_a_warning_and_no_result) {
  catalog.put_fails = error{errc::resource_exhausted, "disk full"};
  auto done = run();
  BOOST_REQUIRE(done);
  BOOST_TEST(done->status == 0);
  BOOST_TEST((done->outcome == outcome::not_stored));
  BOOST_TEST(told.size() == 1u);
  BOOST_TEST(read("out") == "made\n");
}

BOOST_AUTO_TEST_CASE(each_state_of_the_discovered_inputs_is_remembered) {
  discover();
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST((outcome_of_run() == outcome::hit));
  write("header", "two");
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST((catalog.condition->generation == 3u));
  BOOST_TEST((catalog.condition->held == fence{"host/1/1/00", 7}));
  BOOST_TEST(!catalog.condition->overwrite);
  write("header", "one");
  BOOST_TEST((outcome_of_run() == outcome::hit));
  BOOST_TEST(read("out") == "one");
  BOOST_TEST(runs() == 2);
  BOOST_TEST(states() == 2u);
  BOOST_TEST(told.empty());
}

BOOST_AUTO_TEST_CASE(a_state_that_another_put_meanwhile_is_a_hit_after_all_or_stays) {
  discover();
  BOOST_TEST((outcome_of_run() == outcome::stored));
  const auto first = catalog.entry;
  write("header", "two");
  BOOST_TEST((outcome_of_run() == outcome::stored));
  // With the reservation it is looked up again, and then it is there.
  catalog.later = catalog.entry;
  catalog.entry = first;
  catalog.appears_at_look_up = catalog.look_ups + 2;
  BOOST_TEST((outcome_of_run() == outcome::hit));
  BOOST_TEST(runs() == 2);
  // One that comes while we compute is kept.
  catalog.entry.reset();
  catalog.later = first;
  catalog.appears_at_look_up = catalog.look_ups + 3;
  BOOST_TEST((outcome_of_run() == outcome::stored));
  catalog.appears_at_look_up.reset();
  BOOST_TEST(states() == 2u);
}

BOOST_AUTO_TEST_CASE(a_refreshed_state_leaves_the_others) {
  discover();
  BOOST_TEST((outcome_of_run() == outcome::stored));
  write("header", "two");
  BOOST_TEST((outcome_of_run() == outcome::stored));
  asked.refresh = true;
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(states() == 2u);
  BOOST_TEST(runs() == 3);
}

BOOST_AUTO_TEST_CASE(where_the_generation_is_not_told_the_entry_is_overwritten) {
  discover();
  BOOST_TEST((outcome_of_run() == outcome::stored));
  catalog.entry->generation.reset();
  write("header", "two");
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(catalog.condition->overwrite);
  BOOST_TEST(states() == 2u);
}

BOOST_AUTO_TEST_CASE(the_holders_state_may_not_be_ours) {
  discover();
  BOOST_TEST((outcome_of_run() == outcome::stored));
  write("header", "two");
  catalog.others = {"a/1/1/1"};
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(read("out") == "two");
}

BOOST_AUTO_TEST_CASE(a_state_whose_blobs_are_gone_is_computed_and_replaced) {
  discover();
  write("header", std::string(100'000, 'x'));
  BOOST_TEST((outcome_of_run() == outcome::stored));
  std::filesystem::remove_all(folder / "blobs/deja");
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(states() == 1u);
  BOOST_TEST((outcome_of_run() == outcome::hit));
}

BOOST_AUTO_TEST_CASE(a_depfile_that_is_not_to_be_believed_stores_nothing) {
  for (const std::string harm : {"true", "echo nonsense > out.d", "echo 'out: absent' > out.d",
                                 "echo 'out: header' > out.d; echo more >> header"}) {
    discover();
    write("out.d", "out: header\n"); // From before.
    script("cp header out; " + harm);
    told.clear();
    BOOST_TEST((outcome_of_run() == outcome::not_stored), harm);
    BOOST_TEST(read("out") == "one");
    BOOST_TEST(told.size() == 1u);
  }
  BOOST_TEST(catalog.puts == 0);
}

BOOST_AUTO_TEST_CASE(verifying_computes_and_compares_and_stores_nothing) {
  BOOST_TEST((outcome_of_run() == outcome::stored));
  asked.verify = true;
  const auto same = run().value();
  BOOST_TEST((same.verified == verification::same));
  BOOST_TEST(same.status == 0);
  BOOST_TEST(runs() == 2);
  BOOST_TEST(told.size() == 1u);
  const auto before = catalog.entry->outputs.pointer();
  write("source", "other");
  asked.command.back() += "; cp source out; echo said";
  const auto different = run().value();
  BOOST_TEST((different.verified == verification::different));
  BOOST_TEST(different.status == 1);
  BOOST_TEST(told.back() == "not as remembered: standard output differs");
  BOOST_TEST(catalog.entry->outputs.pointer() == before);
  BOOST_TEST(catalog.puts == 1);
}

BOOST_AUTO_TEST_CASE(verifying_on_a_miss_is_like_any_miss) {
  asked.verify = true;
  const auto done = run().value();
  BOOST_TEST((done.outcome == outcome::stored));
  BOOST_TEST(!done.verified);
}

BOOST_AUTO_TEST_CASE(verifying_a_command_that_fails_is_told_and_keeps_its_status) {
  BOOST_TEST((outcome_of_run() == outcome::stored));
  asked.verify = true;
  asked.command.back() += "; exit 3";
  const auto done = run().value();
  BOOST_TEST(done.status == 3);
  BOOST_TEST((done.verified == verification::not_compared));
  BOOST_TEST(told.size() == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_is_verified_where_an_input_changes_meanwhile) {
  BOOST_TEST((outcome_of_run() == outcome::stored));
  asked.verify = changed = true;
  const auto done = run().value();
  BOOST_TEST(done.status == 1);
  BOOST_TEST((done.verified == verification::not_compared));
}

BOOST_AUTO_TEST_CASE(verifying_finds_the_state_to_compare_with) {
  discover();
  BOOST_TEST((outcome_of_run() == outcome::stored));
  asked.verify = true;
  BOOST_TEST((run().value().verified == verification::same));
  write("header", "two");
  BOOST_TEST((run().value().outcome == outcome::stored));
  BOOST_TEST(states() == 2u);
}

BOOST_AUTO_TEST_CASE(nothing_is_verified_where_a_discovered_input_changes_meanwhile) {
  discover();
  BOOST_TEST((outcome_of_run() == outcome::stored));
  asked.verify = true;
  asked.command.back() += "; echo more >> header";
  const auto done = run().value();
  BOOST_TEST(done.status == 1);
  BOOST_TEST((done.verified == verification::not_compared));
}

BOOST_AUTO_TEST_CASE(explaining_says_hit_or_miss_and_why) {
  asked.explain = true;
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(told.back() == "miss: nothing like it");
  BOOST_TEST((outcome_of_run() == outcome::hit));
  BOOST_TEST(told.back().starts_with("hit: stored "));
  BOOST_TEST(told.size() == 2u);
  asked.refresh = true;
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(told.back() == "computed anew, for --refresh");
}

BOOST_AUTO_TEST_CASE(explaining_names_the_files_that_differ) {
  discover();
  asked.explain = true;
  BOOST_TEST((outcome_of_run() == outcome::stored));
  write("header", "two");
  BOOST_TEST((outcome_of_run() == outcome::stored));
  BOOST_TEST(told.back().ends_with("differs in header"));
}

BOOST_AUTO_TEST_SUITE_END()
