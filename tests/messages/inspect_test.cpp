#include <deja/messages/actors.hpp>
#include <deja/messages/configure.hpp>

#include <boost/test/unit_test.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

namespace deja {

namespace {

using namespace std::chrono_literals;

struct configured {
  configured() {
    configure(config);
    config.set("scheduler.policy", caf::atom("testing"));
  }

  caf::actor_system_config config;
};

struct two_ends : configured {
  caf::actor_system system{config};

  std::vector<char> save(const caf::message& message) {
    std::vector<char> bytes;
    caf::binary_serializer sink{system, bytes};
    const auto why = sink(message);
    BOOST_REQUIRE_MESSAGE(!why, to_string(why));
    return bytes;
  }

  caf::error load(const std::vector<char>& bytes, caf::message& message) {
    caf::binary_deserializer source{system, bytes};
    return message.load(source); // `source(message)` would lose the error.
  }

  // What arrives at another node that this is sent to.
  template <class T>
  T sent(const T& value) {
    caf::message arrived;
    const auto why = load(save(caf::make_message(value)), arrived);
    BOOST_REQUIRE_MESSAGE(!why, to_string(why));
    BOOST_REQUIRE(arrived.match_elements<T>());
    return arrived.get_as<T>(0);
  }
};

const wall_time noon{1'700'000'000'123'456'789ns};

entry_key some_key() {
  return {{"acme", "traffic", "development"}, "k\0ey"};
}

core::LiteralMap some_literals() {
  core::LiteralMap map;
  (*map.mutable_literals())["b"].set_hash("h");
  (*map.mutable_literals())["a"].mutable_scalar()->mutable_primitive()->set_integer(-7);
  return map;
}

entry some_entry() {
  entry value;
  value.key = some_key();
  value.task = "task";
  value.output = std::string{"\0\xff bytes", 8};
  value.content = sha256::of("content");
  value.size = 8;
  value.created = noon;
  value.updated = noon + 1ns;
  value.accessed = wall_time::min();
  value.expires = wall_time::max();
  value.generation = ~std::uint64_t{0};
  return value;
}

reservation some_reservation() {
  return {some_key(), "owner", 42, noon, 10s, noon + 30s};
}

bool same(const google::protobuf::MessageLite& left, const google::protobuf::MessageLite& right) {
  return serialize(left) == serialize(right);
}

bool same(const entry& left, const entry& right) {
  return left.key == right.key && left.task == right.task && left.output == right.output &&
         left.content == right.content && left.size == right.size &&
         left.created == right.created && left.updated == right.updated &&
         left.accessed == right.accessed && left.expires == right.expires &&
         left.generation == right.generation;
}

bool same(const reservation& left, const reservation& right) {
  return left.key == right.key && left.owner == right.owner &&
         left.fencing_token == right.fencing_token && left.since == right.since &&
         left.heartbeat == right.heartbeat && left.expires == right.expires;
}

bool same(const put_condition& left, const put_condition& right) {
  return left.overwrite == right.overwrite && left.max_age == right.max_age &&
         left.generation == right.generation && left.held == right.held;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(messages_between_actors, two_ends)

BOOST_AUTO_TEST_CASE(operations_arrive_as_they_were_sent) {
  put_operation put;
  put.key = some_key();
  put.task = "task";
  put.output = "output";
  put.content = sha256::of("content");
  put.created = noon;
  put.lifetime = 24h;
  put.when = {true, 1h, 3, fence{"owner", 9}};
  const many<operation> group{std::vector<operation>{
      put, delete_operation{some_key(), 7}, reserve_operation{some_key(), "me", 10s, 30s},
      release_operation{some_key(), "me"}, touch_operation{some_key()},
      sweep_operation{some_key(), 7s}}};
  const auto arrived = sent(group);
  BOOST_REQUIRE(arrived);
  BOOST_REQUIRE_EQUAL(arrived->size(), 6);
  const auto& first = std::get<put_operation>(arrived->at(0));
  BOOST_TEST((first.key == put.key));
  BOOST_TEST(first.task == put.task);
  BOOST_TEST(first.output == put.output);
  BOOST_TEST((first.content == put.content));
  BOOST_TEST((first.created == put.created));
  BOOST_TEST((first.lifetime == put.lifetime));
  BOOST_TEST(same(first.when, put.when));
  BOOST_TEST((std::get<delete_operation>(arrived->at(1)).generation == 7U));
  const auto& reserve = std::get<reserve_operation>(arrived->at(2));
  BOOST_TEST(reserve.owner == "me");
  BOOST_TEST((reserve.heartbeat == 10s && reserve.lease == 30s));
  BOOST_TEST(std::get<release_operation>(arrived->at(3)).owner == "me");
  BOOST_TEST((std::get<touch_operation>(arrived->at(4)).key == some_key()));
  BOOST_TEST((std::get<sweep_operation>(arrived->at(5)).reservation_rest == 7s));
}

BOOST_AUTO_TEST_CASE(outcomes_arrive_as_they_were_sent) {
  const many<outcome> all{std::vector<outcome>{
      {}, {error{errc::already_exists, "in the way"}, some_entry(), some_reservation()}}};
  const auto arrived = sent(all);
  BOOST_REQUIRE_EQUAL(arrived->size(), 2);
  BOOST_TEST((!arrived->at(0).why && !arrived->at(0).entry && !arrived->at(0).reservation));
  const auto& second = arrived->at(1);
  BOOST_TEST((second.why == error{errc::already_exists, "in the way"}));
  BOOST_REQUIRE((second.entry && second.reservation));
  BOOST_TEST(same(*second.entry, some_entry()));
  BOOST_TEST(same(*second.reservation, some_reservation()));
}

BOOST_AUTO_TEST_CASE(keys_and_conditions_arrive_as_they_were_sent) {
  BOOST_TEST((sent(some_key()) == some_key()));
  BOOST_TEST((*sent(many<entry_key>{std::vector{some_key(), entry_key{}}}) ==
              std::vector{some_key(), entry_key{}}));
  const put_condition when{true, 1h, std::nullopt, fence{"owner", 9}};
  BOOST_TEST(same(sent(when), when));
  BOOST_TEST(same(sent(put_condition{}), put_condition{}));
  BOOST_TEST(same(sent(some_reservation()), some_reservation()));
  BOOST_TEST((sent(put_status::already_other) == put_status::already_other));
}

BOOST_AUTO_TEST_CASE(a_catalog_key_arrives_as_it_was_sent) {
  catalog_key key;
  key.identifier.emplace().set_name("train");
  key.cache_version = "1.0";
  key.ignored_inputs = {"a", "b"};
  core::TypedInterface interface;
  interface.mutable_inputs()->add_variables()->set_key("x");
  key.interface = interface;
  key.inputs = shared<core::LiteralMap>{some_literals()};
  const auto arrived = sent(shared<catalog_key>{key});
  BOOST_REQUIRE((arrived->identifier && arrived->interface));
  BOOST_TEST(same(*arrived->identifier, *key.identifier));
  BOOST_TEST(same(*arrived->interface, interface));
  BOOST_TEST(arrived->cache_version == "1.0");
  BOOST_TEST((arrived->ignored_inputs == key.ignored_inputs));
  BOOST_TEST(same(*std::get<shared<core::LiteralMap>>(arrived->inputs), some_literals()));
  const auto empty = sent(shared<catalog_key>{catalog_key{}});
  BOOST_TEST((!empty->identifier && !empty->interface && empty->inputs.index() == 0));
}

BOOST_AUTO_TEST_CASE(waits_arrive_as_they_were_sent) {
  const auto wanted = sent(wait_request{some_key(), 7, true});
  BOOST_TEST((wanted.key == some_key() && wanted.newer_than == 7U && wanted.entry_only));
  BOOST_TEST((!sent(wait_request{}).newer_than));
  const auto told = sent(waited{wait_event::released, 7, some_reservation(), 3});
  BOOST_TEST((told.event == wait_event::released && told.generation == 7U));
  BOOST_TEST((same(*told.holder, some_reservation()) && told.others == 3U));
}

BOOST_AUTO_TEST_CASE(work_and_its_progress_arrive_as_they_were_sent) {
  const auto progress = sent(work_progress{4, 3, 2, 1});
  BOOST_TEST((progress.total == 4 && progress.done == 3 && progress.cached == 2));
  BOOST_TEST(progress.failed == 1);
  const auto asked = sent(reservation_request{some_key(), "me", 3s});
  BOOST_TEST((asked.key == some_key() && asked.owner == "me" && asked.heartbeat == 3s));
  catalog_key key;
  key.cache_version = "1.0";
  const auto wanted = sent(many<download_request>{{{key, outputs_under{"s3://out"}}, {key, {}}}});
  BOOST_TEST(wanted->at(0).target->prefix == "s3://out");
  BOOST_TEST(!wanted->at(1).target);
  using outcomes = many<result<download_outcome>>;
  const auto done = sent(outcomes{{download_outcome{true, {}}, error{errc::data_loss, "damaged"}}});
  BOOST_TEST(done->at(0)->cached);
  BOOST_TEST((done->at(1).error() == error{errc::data_loss, "damaged"}));
}

BOOST_AUTO_TEST_CASE(what_is_memoized_arrives_as_it_was_sent) {
  memoize_request request;
  request.options = {.overwrite = true,
                     .max_age = 1h,
                     .serve_stale = true,
                     .no_wait = true,
                     .wait_timeout = 3s,
                     .on_lost = on_lost::finish};
  request.held = {sha256::of("a"), sha256::of("b")};
  const auto arrived = sent(request);
  BOOST_TEST((arrived.options.overwrite && arrived.options.serve_stale && arrived.options.no_wait));
  BOOST_TEST((arrived.options.max_age == 1h && arrived.options.wait_timeout == duration{3s}));
  BOOST_TEST((arrived.options.on_lost == on_lost::finish));
  BOOST_TEST((arrived.held == request.held));
  const auto right = sent(lease{7, some_key(), {sha256::of("a")}});
  BOOST_TEST((right.id == 7 && right.key == some_key() && right.held.size() == 1));
  const auto made =
      sent(memoized{memoized_by::lost_race, some_literals(), error{errc::aborted, "why"}, 2s});
  BOOST_TEST((made.how == memoized_by::lost_race && made.computation == 2s));
  BOOST_TEST((made.why == error{errc::aborted, "why"}));
  BOOST_TEST(same(*made.outputs, some_literals()));
}

BOOST_AUTO_TEST_CASE(inputs_and_outputs_arrive_as_they_were_sent) {
  BOOST_TEST(sent(inputs_under{"s3://b/in"}).prefix == "s3://b/in");
  BOOST_TEST(sent(outputs_under{"s3://b/out"}).prefix == "s3://b/out");
  BOOST_TEST(std::get<outputs_under>(sent(output_source{outputs_under{"p"}})).prefix == "p");
  const output_source inline_outputs{shared<core::LiteralMap>{some_literals()}};
  BOOST_TEST(same(*std::get<shared<core::LiteralMap>>(sent(inline_outputs)), some_literals()));
  BOOST_TEST(same(*sent(shared<core::LiteralMap>{some_literals()}), some_literals()));
  cacheservice::CachedOutput output;
  output.set_output_uri("file:///x");
  BOOST_TEST(same(*sent(shared<cacheservice::CachedOutput>{output}), output));
  const auto found = sent(found_output{output, 3});
  BOOST_TEST(same(*found.output, output));
  BOOST_TEST((found.generation == 3U));
}

BOOST_AUTO_TEST_CASE(what_the_client_says_arrives_as_it_was_sent) {
  const auto context = sent(call_context{5, 10s, "00-trace"});
  BOOST_TEST(context.id == 5U);
  BOOST_TEST((context.time_left == 10s));
  BOOST_TEST(context.traceparent == "00-trace");

  source_execution source;
  source.task.emplace().set_retry_attempt(2);
  source.node.emplace().set_node_id("n0");
  source.created = noon;
  source.key_map = {{"a", "1"}, {"b", ""}};
  const auto told = sent(source);
  BOOST_REQUIRE((told.task && told.node));
  BOOST_TEST(same(*told.task, *source.task));
  BOOST_TEST(same(*told.node, *source.node));
  BOOST_TEST((told.created == noon));
  BOOST_TEST((told.key_map == source.key_map));

  catalog_entry hit;
  hit.outputs = some_literals();
  hit.metadata.mutable_dataset_id()->set_name("train");
  hit.stored.mutable_created_at()->set_seconds(7);
  hit.uri = "s3://b/out";
  hit.generation = 1;
  const auto got = sent(hit);
  BOOST_TEST(same(*got.outputs, some_literals()));
  BOOST_TEST(same(got.metadata, hit.metadata));
  BOOST_TEST(same(got.stored, hit.stored));
  BOOST_TEST(got.uri == hit.uri);
  BOOST_TEST((got.generation == 1U));

  const auto record =
      sent(reservation_record{noon, core::CatalogReservation::RESERVATION_ACQUIRED});
  BOOST_TEST((record.timestamp == noon));
  BOOST_TEST((record.status == core::CatalogReservation::RESERVATION_ACQUIRED));
}

BOOST_AUTO_TEST_CASE(requests_for_many_and_their_results_arrive_as_they_were_sent) {
  const auto puts = sent(
      many<catalog_put>{{catalog_put{catalog_key{}, outputs_under{"p"}, {}, {.overwrite = true}}}});
  BOOST_TEST(puts->size() == 1U);
  BOOST_TEST(std::get<outputs_under>(puts->front().outputs).prefix == "p");
  BOOST_TEST(puts->front().when.overwrite);

  cacheservice::CachedOutput output;
  output.set_output_uri("file:///x");
  const auto entries = sent(many<entry_put>{{entry_put{some_key(), output}}});
  BOOST_TEST((entries->front().key == some_key()));
  BOOST_TEST(same(*entries->front().output, output));

  const auto blobs = sent(many<literals_at>{{literals_at{"mem://b/x", some_literals()}}});
  BOOST_TEST(blobs->front().reference == "mem://b/x");
  BOOST_TEST(same(*blobs->front().literals, some_literals()));

  using found = many<result<found_output>>;
  const auto results = sent(found{{found_output{output, 7}, error{errc::not_found, "no entry"}}});
  BOOST_REQUIRE(results->size() == 2U);
  BOOST_TEST(same(*(*results)[0]->output, output));
  BOOST_TEST(((*results)[0]->generation == 7U));
  BOOST_TEST(((*results)[1].error() == error{errc::not_found, "no entry"}));
}

BOOST_AUTO_TEST_CASE(an_empty_shared_value_stays_empty) {
  BOOST_TEST(!sent(shared<core::LiteralMap>{}));
  BOOST_TEST(!sent(found_output{}).output);
}

BOOST_AUTO_TEST_CASE(a_truncated_message_is_an_error) {
  const auto whole = save(caf::make_message(some_reservation(), some_key()));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    caf::message arrived;
    const std::vector<char> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    BOOST_TEST(bool(load(part, arrived)), "the first " << size << " bytes were taken");
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_alternative_is_an_error) {
  auto bytes = save(caf::make_message(output_source{outputs_under{"prefix"}}));
  // The alternative's number stands before the prefix' length, a byte.
  bytes.at(bytes.size() - std::string{"prefix"}.size() - 2) = 9;
  caf::message arrived;
  BOOST_TEST(bool(load(bytes, arrived)));
}

BOOST_AUTO_TEST_CASE(messages_can_be_printed) {
  BOOST_TEST(caf::deep_to_string(some_key()) ==
             R"(entry_key(scope("acme", "traffic", "development"), "k"))");
  BOOST_TEST(caf::deep_to_string(shared<core::LiteralMap>{some_literals()}) ==
             "true, bytes(" + std::to_string(some_literals().ByteSizeLong()) + ")");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(errors_between_actors)

BOOST_AUTO_TEST_CASE(an_error_keeps_its_code_and_text) {
  const error why{errc::not_found, "no entry for key \"k\""};
  BOOST_TEST((from_caf(to_caf(why)) == why));
}

BOOST_AUTO_TEST_CASE(what_caf_reports_gets_the_code_that_fits) {
  const auto code = [](const auto& reason) {
    return from_caf(caf::make_error(reason)).code;
  };
  BOOST_TEST((code(caf::sec::request_timeout) == errc::deadline_exceeded));
  BOOST_TEST((code(caf::sec::request_receiver_down) == errc::unavailable));
  BOOST_TEST((code(caf::sec::unexpected_message) == errc::internal));
  BOOST_TEST((code(caf::exit_reason::unhandled_exception) == errc::internal));
  BOOST_TEST((code(caf::exit_reason::user_shutdown) == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(what_caf_reports_keeps_its_text) {
  const auto why = from_caf(caf::make_error(caf::sec::runtime_error, std::string{"disk full"}));
  BOOST_TEST(why.message == "an actor did not answer: runtime_error (disk full)");
}

BOOST_AUTO_TEST_CASE(no_error_at_all_is_an_internal_one) {
  BOOST_TEST((from_caf(caf::error{}).code == errc::internal));
}

BOOST_FIXTURE_TEST_CASE(a_configured_system_renders_our_errors, two_ends) {
  BOOST_TEST(system.render(to_caf({errc::not_found, "no entry"})) == "not_found: no entry");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace deja
