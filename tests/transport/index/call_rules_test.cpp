#include "index_fixture.hpp"

#include <deja/transport/index/call_rules.hpp>

namespace {

using namespace deja;
using namespace deja::testing;

const call_rules rules;

/// That the call is invalid, for a reason that has this in its text.
template <class T>
void is_invalid(const result<T>& refused, const std::string& text) {
  BOOST_TEST(code_of(refused) == errc::invalid_argument);
  BOOST_TEST(refused.error().message.find(text) != std::string::npos, refused.error().message);
}

reserve_operation reserved(duration heartbeat, call_limits limits = {}) {
  const auto made = call_rules{limits}.reserve(key_named("k"), "me", heartbeat);
  return std::get<reserve_operation>(made.value());
}

BOOST_AUTO_TEST_SUITE(the_rules_of_calls)

BOOST_AUTO_TEST_CASE(limit_keys_and_scopes) {
  const std::string most(1024, 'x'), over(1025, 'x');
  BOOST_TEST(code_of(rules.check({{most, most, most}, most})) == errc::ok);
  BOOST_TEST(code_of(rules.check({{"", "", ""}, "k"})) == errc::ok);
  is_invalid(rules.check({{"o", "p", "d"}, ""}), "key is empty");
  is_invalid(rules.check({{}, over}), "key is 1025 bytes long; at most 1024");
  is_invalid(rules.check({{over, "", ""}, "k"}), "org is 1025");
  is_invalid(rules.check({{"", over, ""}, "k"}), "project is 1025");
  is_invalid(rules.check({{"", "", over}, "k"}), "domain is 1025");
  is_invalid(rules.check({{"", "", ""}, "\xff"}), "key is not valid UTF-8");
}

BOOST_AUTO_TEST_CASE(take_the_times_out_of_an_output) {
  auto output = output_at("a");
  auto& metadata = *output.mutable_metadata();
  metadata.mutable_source_identifier()->set_name("task");
  (*metadata.mutable_key_map()->mutable_values())["k"] = "v";
  metadata.mutable_created_at()->set_seconds(5);
  metadata.mutable_last_updated_at()->set_seconds(7);
  const auto made = rules.put(key_named("k"), output, {.overwrite = true}).value();
  const auto& put = std::get<put_operation>(made);
  BOOST_TEST(put.task == "task");
  BOOST_TEST((put.created == wall_time{5s}));
  BOOST_TEST(put.when.overwrite);
  BOOST_TEST((put.content == content_digest(output_at("a"))));
  const auto stored = parse_message<cacheservice::CachedOutput>(put.output).value();
  BOOST_TEST(!stored.metadata().has_created_at());
  BOOST_TEST(!stored.metadata().has_last_updated_at());
  BOOST_TEST(stored.metadata().key_map().values().at("k") == "v");
}

BOOST_AUTO_TEST_CASE(refuse_a_put_that_is_none) {
  is_invalid(rules.put(key_named("k"), {}, {}), "neither output_literals nor");
  is_invalid(rules.put(key_named("k"), output_at(""), {}), "neither output_literals nor");
  is_invalid(rules.put(key_named("k"), output_at("a"), {.max_age = -1ns}), "max_age is negative");
  is_invalid(rules.put(key_named(""), output_at("a"), {}), "key is empty");
  auto timeless = output_at("a");
  timeless.mutable_metadata()->mutable_created_at()->set_nanos(-1);
  is_invalid(rules.put(key_named("k"), timeless, {}), "created_at");
  cacheservice::CachedOutput literals;
  literals.mutable_output_literals();
  BOOST_TEST(code_of(rules.put(key_named("k"), literals, {})) == errc::ok);
}

BOOST_AUTO_TEST_CASE(cap_the_heartbeat) {
  BOOST_TEST((reserved(2s).heartbeat == 2s));
  BOOST_TEST((reserved(2s).lease == 6s));
  BOOST_TEST((reserved(1ns).lease == 3ns));
  for (const duration asked : {duration{0}, duration{-1s}, duration{11s}, duration::max()}) {
    BOOST_TEST((reserved(asked).heartbeat == 10s));
    BOOST_TEST((reserved(asked).lease == 30s));
  }
  const call_limits own{.max_heartbeat = 24h, .grace_multiplier = 1.5};
  BOOST_TEST((reserved(24h, own).lease == 36h));
}

BOOST_AUTO_TEST_CASE(want_an_owner) {
  is_invalid(rules.reserve(key_named("k"), "", 1s), "owner_id is empty");
  is_invalid(rules.reserve(key_named("k"), std::string(1025, 'x'), 1s), "owner_id is 1025");
  is_invalid(rules.reserve(key_named("k"), "\xc0", 1s), "owner_id is not valid UTF-8");
  is_invalid(rules.release(key_named("k"), ""), "owner_id is empty");
  is_invalid(rules.release(key_named(""), "me"), "key is empty");
  is_invalid(rules.remove(key_named("")), "key is empty");
}

BOOST_AUTO_TEST_CASE(check_their_limits) {
  BOOST_TEST(code_of(call_limits{}.validate()) == errc::ok);
  is_invalid(call_limits{.key_bytes = 0}.validate(), "key_bytes");
  is_invalid(call_limits{.owner_bytes = 0}.validate(), "owner_bytes");
  is_invalid(call_limits{.max_heartbeat = 0s}.validate(), "max_heartbeat is 0 ns");
  is_invalid(call_limits{.max_heartbeat = 25h}.validate(), "max_heartbeat");
  is_invalid(call_limits{.grace_multiplier = 0.5}.validate(), "grace_multiplier");
  is_invalid(call_limits{.grace_multiplier = std::numeric_limits<double>::quiet_NaN()}.validate(),
             "grace_multiplier");
}

BOOST_AUTO_TEST_CASE(tell_the_same_output_from_another) {
  const auto content = content_digest(output_at("a"));
  blocking_index at{make_memory_index()};
  BOOST_TEST((was_put(content, at.apply(put("k", "a"))).value() == put_status::stored));
  BOOST_TEST((was_put(content, at.apply(put("k", "a"))).value() == put_status::already_same));
  const auto other = at.apply(put("k", "b"));
  BOOST_TEST((was_put(content_digest(output_at("b")), other).value() == put_status::already_other));
  const auto fenced = at.apply(put("k", "a", {.held = fence{"me", 1}}));
  BOOST_TEST(code_of(was_put(content, fenced)) == errc::failed_precondition);
}

BOOST_AUTO_TEST_CASE(say_what_became_of_a_call) {
  blocking_index at{make_memory_index()};
  const auto key = key_named("k");
  BOOST_TEST(code_of(got(key, at.lookup(key))) == errc::not_found);
  BOOST_TEST(code_of(was_done(at.apply(erase("k")))) == errc::not_found);
  const auto generation = at.apply(put("k", "a")).entry->generation;
  const auto found = got(key, at.lookup(key)).value();
  BOOST_TEST(found.output->output_uri() == "a");
  BOOST_TEST((found.generation == generation));
  BOOST_TEST(was_reserved(at.apply(reserve("k", "me"))).value().owner == "me");
  BOOST_TEST(was_reserved(at.apply(reserve("k", "you"))).value().owner == "me");
  BOOST_TEST(code_of(was_done(at.apply(release("k", "you")))) == errc::ok);
  BOOST_TEST(code_of(was_reserved({})) == errc::internal);
  const outcome broken{error{errc::unavailable, "why"}, {}, {}};
  BOOST_TEST(code_of(got(key, broken)) == errc::unavailable);
  BOOST_TEST(code_of(was_put({}, broken)) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(find_a_damaged_entry_out) {
  outcome damaged;
  entry put;
  put.output = "\xff";
  damaged.entry = std::move(put);
  const auto refused = got(key_named("k"), damaged);
  BOOST_TEST(code_of(refused) == errc::data_loss);
  BOOST_TEST(refused.error().message.find("\"k\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(give_entries_the_lifetime_of_their_project) {
  const call_rules limited{{.lifetime = 1h, .project_lifetimes = {{"brief", 1min}}}};
  const auto lifetime_in = [](const call_rules& by, const std::string& project) {
    const auto made = by.put({{"", project, ""}, "k"}, output_at("a"), {});
    return std::get<put_operation>(made.value()).lifetime;
  };
  BOOST_TEST((lifetime_in(limited, "other") == 1h));
  BOOST_TEST((lifetime_in(limited, "brief") == 1min));
  BOOST_TEST(!lifetime_in(rules, "other"));
}

BOOST_AUTO_TEST_CASE(refuse_lifetimes_that_are_none) {
  is_invalid(call_limits{.lifetime = 0s}.validate(), "lifetime is 0 ns; 1 s to 36500 days");
  is_invalid(call_limits{.project_lifetimes = {{"p", 24h * 40'000}}}.validate(),
             "lifetime of project \"p\"");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
