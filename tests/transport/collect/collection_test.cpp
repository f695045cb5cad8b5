#include "collect_fixture.hpp"

namespace {

using namespace deja;
using namespace deja::testing;

cacheservice::CachedOutput output_at(const std::string& uri) {
  cacheservice::CachedOutput output;
  output.set_output_uri(uri);
  return output;
}

BOOST_FIXTURE_TEST_SUITE(a_collection, collect_fixture)

BOOST_AUTO_TEST_CASE(removes_what_has_expired) {
  auto mortal = put("mortal", output_at("a"));
  mortal.lifetime = 5s;
  apply({mortal, put("eternal", output_at("a")),
         reserve_operation{key_named("eternal"), "me", 1s, 3s}});
  clock->pass(60s);
  auto report = collect({});
  BOOST_TEST(report.expired == 1U);
  BOOST_TEST(report.entry_bytes > 0U);
  BOOST_TEST(report.reservations == 0U); // Its owner may come back yet.
  clock->pass(3s);
  report = collect({});
  BOOST_TEST(report.expired == 0U);
  BOOST_TEST(report.reservations == 1U);
  BOOST_TEST(has("eternal"));
}

BOOST_AUTO_TEST_CASE(looks_through_no_entries_for_contents_where_none_are_stored) {
  std::vector<operation> puts;
  for (int number = 0; number < 3'000; ++number)
    puts.push_back(put(std::to_string(number), output_at("1")));
  apply(std::move(puts));
  const auto steps = [this] {
    collection round{{.contents = true}, parts()};
    int count = 1;
    while (round.step().value())
      ++count;
    return count;
  };
  const auto without = steps();
  store("content");
  BOOST_TEST(steps() >= without + 3);
}

BOOST_AUTO_TEST_CASE(removes_what_is_old_and_unused) {
  apply({put("a", output_at("1")), put("b", output_at("1"))});
  clock->pass(10s);
  apply({touch_operation{key_named("a")}, put("c", output_at("1"))});
  clock->pass(1s);
  BOOST_TEST(collect({.older_than = 11s}).selected == 0U);
  BOOST_TEST(collect({.older_than = 5s, .unused_for = 5s}).selected == 1U);
  BOOST_TEST((has("a") && !has("b") && has("c")));
  BOOST_TEST(collect({.older_than = 0s}).selected == 2U);
}

BOOST_AUTO_TEST_CASE(evicts_the_longest_unused_above_a_cap) {
  for (int number = 0; number < 20; ++number) {
    apply({put(std::to_string(number), output_at("1"))});
    clock->pass(1s);
  }
  apply({touch_operation{key_named("0")}});
  BOOST_TEST(collect({.max_entries = 20}).evicted == 0U);
  BOOST_TEST(collect({.max_entries = 15}).evicted == 5U);
  BOOST_TEST(has("0"));
  for (int number = 1; number < 20; ++number)
    BOOST_TEST(has(std::to_string(number)) == (number > 5), number);
}

BOOST_AUTO_TEST_CASE(evicts_by_samples_where_there_is_much) {
  std::vector<operation> puts;
  for (int number = 0; number < 10'000; ++number) {
    puts.push_back(put(std::to_string(number), output_at("1")));
    if (number % 100 == 99) {
      apply(std::exchange(puts, {}));
      clock->pass(1s);
    }
  }
  const auto report = collect({.max_entries = 8'000});
  BOOST_TEST(report.evicted == 2'400U);
  int late = 0;
  for (int number = 5'000; number < 10'000; ++number)
    late += has(std::to_string(number)) ? 0 : 1;
  BOOST_TEST(late == 0);
}

BOOST_AUTO_TEST_CASE(counts_a_content_once_for_a_cap_of_bytes) {
  const auto shared = store(std::string(10'000, 's')), own = store(std::string(10'000, 'o'));
  apply({put("old", output_of(own))});
  clock->pass(1s);
  apply({put("a", output_of(shared)), put("b", output_of(shared))});
  BOOST_TEST(collect({.max_bytes = 21'000}).evicted == 0U);
  BOOST_TEST(collect({.max_bytes = 19'000}).evicted == 1U);
  BOOST_TEST((!has("old") && has("a") && has("b")));
}

BOOST_AUTO_TEST_CASE(removes_contents_that_no_entry_names) {
  const auto kept = store("kept"), unnamed = store("unnamed");
  apply({put("k", output_of(kept))});
  later = 59min;
  BOOST_TEST(collect({.contents = true}).contents.blobs == 0U);
  later = 61min;
  const auto report = collect({.contents = true});
  BOOST_TEST(report.contents.blobs == 1U);
  BOOST_TEST(report.contents.bytes == 7U);
  BOOST_TEST((has(kept) && !has(unnamed)));
}

BOOST_AUTO_TEST_CASE(removes_contents_with_their_last_entry) {
  const auto content = store("content");
  auto mortal = put("mortal", output_of(content));
  mortal.lifetime = 5s;
  apply({mortal, put("other", output_of(content))});
  later = 2h;
  clock->pass(5s);
  BOOST_TEST(collect({.contents = true}).contents.blobs == 0U);
  BOOST_TEST(collect({.older_than = 0s, .contents = true}).contents.blobs == 1U);
  BOOST_TEST(!has(content));
}

BOOST_AUTO_TEST_CASE(keeps_what_is_in_a_list_of_contents) {
  const auto member = store("member");
  const auto list = store(output_of(member).output_literals().SerializeAsString());
  apply({put("k", output_of(list, core::BlobType::MULTIPART))});
  later = 2h;
  BOOST_TEST(collect({.contents = true}).contents.blobs == 0U);
  BOOST_TEST((has(list) && has(member)));
}

BOOST_AUTO_TEST_CASE(touches_nothing_else_in_the_store) {
  const auto named = content_reference(sha256::of("x"));
  for (const std::string other : {"deja/outputs/1/outputs.pb", "deja/cas/sha256/no-digest",
                                  "data/file", "deja/cas/md5/00/00"})
    blobs->write(other, "x").value();
  blobs->write("deja/cas/sha256/ff/" + to_hex(sha256::of("x")), "elsewhere").value();
  later = 2h;
  BOOST_TEST(collect({.contents = true}).contents.blobs == 0U);
  BOOST_TEST(blobs->list("", "", 100).value().references.size() == 5U);
}

BOOST_AUTO_TEST_CASE(spares_what_is_written_after_the_marking_began) {
  const auto early = store("early"), renewed = store("renewed");
  collection round{{.contents = true, .grace = 0s}, parts(), 1};
  // Reservations, entries, marks: what a put writes from here on has no mark, and only its age says
  // that it is wanted.
  for (int steps = 0; steps < 3; ++steps)
    BOOST_REQUIRE(round.step().value());
  const auto late = store("late");
  store("renewed");
  while (round.step().value()) {
  }
  BOOST_TEST((!has(early) && has(renewed) && has(late)));
}

BOOST_AUTO_TEST_CASE(in_a_dry_run_tells_the_same_and_removes_nothing) {
  const auto kept = store("kept"), going = store("going");
  auto mortal = put("mortal", output_of(going));
  mortal.lifetime = 5s;
  apply({mortal, put("old", output_of(going)), reserve_operation{key_named("old"), "me", 1s, 3s}});
  clock->pass(100s);
  for (const auto* name : {"x", "y", "z"}) {
    apply({put(name, output_of(kept))});
    clock->pass(1s);
  }
  later = 2h;
  collection_plan plan{.dry_run = true, .older_than = 50s, .max_entries = 2, .contents = true};
  const auto told = collect(plan);
  BOOST_TEST((has("old") && has("x") && has(going) && has(kept)));
  plan.dry_run = false;
  const auto done = collect(plan);
  BOOST_TEST((!has("old") && !has("x") && has("y") && !has(going) && has(kept)));
  for (const auto& report : {told, done}) {
    BOOST_TEST(report.expired == 1U);
    BOOST_TEST(report.selected == 1U);
    BOOST_TEST(report.evicted == 1U);
    BOOST_TEST(report.reservations == 1U);
    BOOST_TEST(report.contents.blobs == 1U);
  }
  BOOST_TEST(told.entry_bytes == done.entry_bytes);
}

BOOST_AUTO_TEST_CASE(refuses_plans_that_are_none) {
  BOOST_TEST(code_of(collection_plan{.max_entries = 0}.validate()) == errc::invalid_argument);
  BOOST_TEST(code_of(collection_plan{.max_bytes = 0}.validate()) == errc::invalid_argument);
  const auto refused = collection_plan{.grace = -1s}.validate();
  BOOST_TEST(code_of(refused) == errc::invalid_argument);
  BOOST_TEST(refused.error().message.find("grace") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
