#include "../support/fake_connection.hpp"
#include "../support/fake_store.hpp"
#include "../support/results.hpp"
#include "../support/tasks.hpp"
#include "../support/virtual_time.hpp"

#include <deja/actors/catalog_client.hpp>
#include <deja/messages/cached_output.hpp>
#include <deja/messages/key.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;
using testing::some_key;
using testing::some_literals;
using literals = shared<core::LiteralMap>;
using strings = std::vector<std::string>;

const wall_time now{std::chrono::seconds{1'700'000'000}};

struct fixed_clock : deja::clock {
  wall_time now() const override { return ::now; }

  duration since_boot() const override { return 1h; }

  std::string boot_id() const override { return "boot"; }
};

struct client : testing::virtual_time {
  client() {
    catalog_client_config config;
    config.clock = std::make_shared<fixed_clock>();
    config.recorded_owners = 2;
    actor = spawn_catalog_client(system, testing::connect(system, service),
                                 testing::store_in(system, store), config);
  }

  ~client() { caf::anon_send_exit(actor, caf::exit_reason::kill); }

  static cacheservice::CachedOutput entry() {
    cacheservice::CachedOutput output;
    *output.mutable_output_literals() = some_literals(42);
    auto& metadata = *output.mutable_metadata();
    *metadata.mutable_source_identifier() = *some_key().identifier;
    *metadata.mutable_last_updated_at() = to_wire(now - 1h);
    return output;
  }

  void serve(cacheservice::CachedOutput output) {
    service.entry = found_output{shared<cacheservice::CachedOutput>{std::move(output)}, 7};
  }

  result<catalog_entry> get(duration max_age = 0s, const catalog_key& key = some_key()) {
    return ask<catalog_entry>(actor, get_atom_v, call_context{}, shared<catalog_key>{key}, max_age);
  }

  result<put_status> put(const output_source& outputs, const source_execution& source = {},
                         const put_condition& when = {}) {
    return ask<put_status>(actor, put_atom_v, call_context{},
                           catalog_put{some_key(), outputs, source, when});
  }

  testing::fake_service service;
  testing::fake_store store;
  catalog_client_actor actor;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(catalog_clients, client)

BOOST_AUTO_TEST_CASE(a_hit_has_outputs_and_where_they_came_from) {
  auto output = entry();
  auto& values = *output.mutable_metadata()->mutable_key_map()->mutable_values();
  values["task-version"] = "v3";
  values["execution-name"] = "exec";
  values["exec-node"] = "n0";
  values["exec-attempt"] = "2";
  values["exec-project"] = "theirs";
  serve(output);
  const auto found = get();
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->outputs->literals().at("x").scalar().primitive().integer() == 42);
  BOOST_TEST(found->generation.value() == 7U);
  const auto& task = found->metadata.source_task_execution();
  BOOST_TEST(task.task_id().name() == "train");
  BOOST_TEST(task.task_id().version() == "v3");
  BOOST_TEST(task.retry_attempt() == 2U);
  BOOST_TEST(task.node_execution_id().node_id() == "n0");
  BOOST_TEST(task.node_execution_id().execution_id().project() == "theirs");
  BOOST_TEST(task.node_execution_id().execution_id().domain() == "d");
  BOOST_TEST(service.calls == strings{"get " + make_key(some_key()).value()},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(answered_requests_leave_one_timer_in_all) {
  serve(entry());
  constexpr std::size_t requests = 10; // of the test itself, which leaves a timer for each
  for (std::size_t at = 0; at < requests; ++at)
    BOOST_REQUIRE(get().has_value());
  BOOST_TEST(scheduler.clock().schedule().size() <= requests + 1);
}

BOOST_AUTO_TEST_CASE(what_the_key_map_does_not_name_is_unknown) {
  serve(entry());
  const auto task = get().value().metadata.source_task_execution();
  BOOST_TEST(task.task_id().version() == "unknown");
  BOOST_TEST(task.retry_attempt() == 0U);
  BOOST_TEST(task.node_execution_id().node_id() == "unknown");
  BOOST_TEST(task.node_execution_id().execution_id().name() == "unknown");
  BOOST_TEST(task.node_execution_id().execution_id().org() == "o");
}

BOOST_AUTO_TEST_CASE(outputs_by_reference_are_read) {
  auto output = entry();
  output.set_output_uri("s3://b/outputs.pb");
  serve(output);
  store.blobs.emplace("s3://b/outputs.pb", literals{some_literals(5)});
  const auto found = get();
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->uri == "s3://b/outputs.pb");
  BOOST_TEST(found->outputs->literals().at("x").scalar().primitive().integer() == 5);
}

BOOST_AUTO_TEST_CASE(what_no_caller_could_use_is_a_miss) {
  BOOST_TEST(testing::code_of(get()) == errc::not_found);
  auto output = entry();
  output.set_output_uri("s3://b/outputs.pb");
  serve(output);
  BOOST_TEST(testing::code_of(get()) == errc::not_found); // the blob is gone
  store.blobs.emplace("s3://b/outputs.pb",
                      result<literals>{boost::system::in_place_error, errc::data_loss, "damaged"});
  BOOST_TEST(testing::code_of(get()) == errc::not_found);
  output = entry();
  output.mutable_metadata()->clear_source_identifier();
  serve(output);
  BOOST_TEST(testing::code_of(get()) == errc::not_found);
  output.clear_metadata();
  serve(output);
  BOOST_TEST(testing::code_of(get()) == errc::not_found);
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_is_no_miss) {
  auto output = entry();
  output.set_output_uri("s3://b/outputs.pb");
  serve(output);
  store.blobs.emplace("s3://b/outputs.pb", result<literals>{boost::system::in_place_error,
                                                            errc::permission_denied, "no"});
  BOOST_TEST(testing::code_of(get()) == errc::permission_denied);
}

BOOST_AUTO_TEST_CASE(an_entry_over_the_age_limit_is_a_miss) {
  serve(entry());
  BOOST_TEST(get(1h).has_value());
  BOOST_TEST(testing::code_of(get(1h - 1ns)) == errc::not_found);
  auto output = entry();
  output.mutable_metadata()->clear_last_updated_at();
  serve(output);
  BOOST_TEST(testing::code_of(get(1h)) == errc::internal);
  BOOST_TEST(get().has_value());
}

BOOST_AUTO_TEST_CASE(inputs_are_read_for_the_key) {
  serve(entry());
  store.blobs.emplace("s3://in/inputs.pb", literals{some_literals(1)});
  auto key = some_key();
  key.inputs = inputs_under{"s3://in"};
  BOOST_TEST(get(0s, key).has_value());
  BOOST_TEST(service.calls == strings{"get " + make_key(some_key()).value()},
             boost::test_tools::per_element());
  key.inputs = inputs_under{"s3://elsewhere"};
  const auto told = get(0s, key);
  BOOST_TEST(told.error().message == "reading the inputs: no blob");
  BOOST_TEST(testing::code_of(told) == errc::failed_precondition); // no miss
}

BOOST_AUTO_TEST_CASE(a_key_that_cannot_be_made_is_told) {
  auto key = some_key();
  key.identifier.reset();
  BOOST_TEST(testing::code_of(get(0s, key)) == errc::invalid_argument);
  const auto none =
      ask<catalog_entry>(actor, get_atom_v, call_context{}, shared<catalog_key>{}, duration{0});
  BOOST_TEST(testing::code_of(none) == errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(many_keys_are_looked_up_in_one_request_and_fail_each_by_itself) {
  const auto with_input = [](std::int64_t value) {
    auto key = some_key();
    key.inputs = literals{some_literals(value)};
    return key;
  };
  const auto serve_at = [this](const catalog_key& key, cacheservice::CachedOutput output) {
    service.entries.emplace(
        make_key(key).value(),
        found_output{shared<cacheservice::CachedOutput>{std::move(output)}, {}});
  };
  auto by_reference = entry();
  by_reference.set_output_uri("s3://b/outputs.pb");
  auto dangling = entry();
  dangling.set_output_uri("s3://b/gone.pb");
  store.blobs.emplace("s3://b/outputs.pb", literals{some_literals(5)});
  serve_at(with_input(1), entry());
  serve_at(with_input(2), by_reference);
  serve_at(with_input(3), dangling);
  auto unread = some_key();
  unread.inputs = inputs_under{"s3://in"};
  store.blobs.emplace("s3://in/inputs.pb", literals{some_literals(1)});
  auto wrong = some_key();
  wrong.interface.reset();
  const std::vector<shared<catalog_key>> keys{with_input(1), with_input(2), with_input(3), {},
                                              unread,        wrong,         with_input(4)};
  const auto found = ask<many<result<catalog_entry>>>(actor, get_atom_v, call_context{},
                                                      many<shared<catalog_key>>{keys}, duration{0});
  BOOST_REQUIRE(found.has_value());
  std::vector<errc> codes;
  for (const auto& one : **found)
    codes.push_back(testing::code_of(one));
  using enum errc;
  BOOST_TEST(
      codes == (std::vector{ok, ok, not_found, invalid_argument, ok, invalid_argument, not_found}),
      boost::test_tools::per_element());
  const auto value = [&](std::size_t at) {
    return (**found)[at]->outputs->literals().at("x").scalar().primitive().integer();
  };
  BOOST_TEST(value(0) == 42);
  BOOST_TEST(value(1) == 5);
  BOOST_TEST(value(4) == 42);
}

BOOST_AUTO_TEST_CASE(many_puts_fail_each_by_itself) {
  store.blobs.emplace("s3://out/outputs.pb", literals{some_literals(2)});
  const many<catalog_put> puts{std::vector<catalog_put>{
      {some_key(), literals{some_literals(1)}, {}},
      {some_key(), outputs_under{"s3://out"}, {}},
      {some_key(), outputs_under{"s3://nowhere"}, {}},
      {{}, literals{some_literals(1)}, {}},
      {some_key(), literals{}, {}},
  }};
  const auto done = ask<many<result<put_status>>>(actor, put_atom_v, call_context{}, puts);
  BOOST_REQUIRE(done.has_value());
  std::vector<errc> codes;
  for (const auto& one : **done)
    codes.push_back(testing::code_of(one));
  using enum errc;
  BOOST_TEST(codes == (std::vector{ok, ok, not_found, invalid_argument, invalid_argument}),
             boost::test_tools::per_element());
  BOOST_TEST(service.puts.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_request_for_nothing_is_answered_with_nothing) {
  const auto found = ask<many<result<catalog_entry>>>(
      actor, get_atom_v, call_context{},
      many<shared<catalog_key>>{std::vector<shared<catalog_key>>{}}, duration{0});
  BOOST_TEST(found.value()->empty());
  BOOST_TEST(service.calls.empty());
}

BOOST_AUTO_TEST_CASE(a_put_names_its_source) {
  source_execution source;
  source.task.emplace();
  source.task->mutable_task_id()->set_version("v7");
  source.task->set_retry_attempt(3);
  source.task->mutable_node_execution_id()->set_node_id("n1");
  source.task->mutable_node_execution_id()->mutable_execution_id()->set_name("exec");
  const auto done = put(literals{some_literals(2)}, source, {.overwrite = false, .max_age = 1min});
  BOOST_TEST((done.value() == put_status::stored));
  const auto& [output, when] = service.puts.at(0);
  BOOST_TEST((when.max_age == 1min));
  BOOST_TEST(output->output_literals().literals().at("x").scalar().primitive().integer() == 2);
  const auto& metadata = output->metadata();
  BOOST_TEST(metadata.source_identifier().version() == "v7");
  BOOST_TEST(metadata.created_at().seconds() == 1'700'000'000);
  const auto& values = metadata.key_map().values();
  BOOST_TEST(values.at("task-version") == "v7");
  BOOST_TEST(values.at("exec-attempt") == "3");
  BOOST_TEST(values.at("exec-node") == "n1");
  BOOST_TEST(values.at("execution-name") == "exec");
}

BOOST_AUTO_TEST_CASE(a_node_execution_has_neither_version_nor_attempt) {
  source_execution source;
  source.node.emplace();
  source.node->set_node_id("n1");
  source.created = now - 24h;
  BOOST_TEST(put(literals{some_literals(2)}, source).has_value());
  const auto& metadata = service.puts.at(0).first->metadata();
  BOOST_TEST(metadata.key_map().values().at("exec-node") == "n1");
  BOOST_TEST(!metadata.key_map().values().contains("task-version"));
  BOOST_TEST(!metadata.key_map().values().contains("exec-attempt"));
  BOOST_TEST((from_wire(metadata.created_at(), "").value() == now - 24h));
}

BOOST_AUTO_TEST_CASE(outputs_by_reference_must_be_there) {
  BOOST_TEST(testing::code_of(put(outputs_under{"s3://out"})) == errc::not_found);
  BOOST_TEST(service.puts.empty());
  store.blobs.emplace("s3://out/outputs.pb", literals{some_literals(2)});
  BOOST_TEST(put(outputs_under{"s3://out"}).has_value());
  BOOST_TEST(service.puts.at(0).first->output_uri() == "s3://out/outputs.pb");
}

BOOST_AUTO_TEST_CASE(an_update_overwrites) {
  const auto done = ask<put_status>(actor, update_atom_v, call_context{},
                                    catalog_put{some_key(), literals{some_literals(2)}, {}});
  BOOST_TEST(done.has_value());
  BOOST_TEST(service.puts.at(0).second.overwrite);
}

BOOST_AUTO_TEST_CASE(reservations_are_the_services) {
  const auto reserve = [this](const std::string& owner) {
    return ask<reservation>(actor, reserve_atom_v, call_context{}, shared<catalog_key>{some_key()},
                            owner, duration{5s})
        .value()
        .owner;
  };
  BOOST_TEST(reserve("me") == "me");
  BOOST_TEST(reserve("you") == "me");
  BOOST_TEST(ask<no_value>(actor, release_atom_v, call_context{}, shared<catalog_key>{some_key()},
                           std::string{"me"})
                 .has_value());
  BOOST_TEST(reserve("you") == "you");
}

BOOST_AUTO_TEST_CASE(local_records_are_bounded) {
  const auto record = [this](const std::string& owner) {
    BOOST_TEST(ask<no_value>(actor, record_atom_v, owner,
                             reservation_record{now, core::CatalogReservation::RESERVATION_EXISTS})
                   .has_value());
  };
  const auto status = [this](const std::string& owner) {
    return ask<reservation_record>(actor, recall_atom_v, owner).value().status;
  };
  BOOST_TEST(status("a") == core::CatalogReservation::RESERVATION_DISABLED);
  for (const auto* owner : {"a", "b", "b", "c"})
    record(owner);
  BOOST_TEST(status("a") == core::CatalogReservation::RESERVATION_DISABLED);
  BOOST_TEST(status("b") == core::CatalogReservation::RESERVATION_EXISTS);
  BOOST_TEST(status("c") == core::CatalogReservation::RESERVATION_EXISTS);
}

BOOST_AUTO_TEST_CASE(calls_have_the_time_that_their_context_gives) {
  serve(entry());
  BOOST_TEST(get().has_value());
  BOOST_TEST((service.contexts.at(0).time_left == 10s));
  call_context context;
  context.time_left = 3s;
  context.traceparent = "trace";
  BOOST_TEST(
      ask<catalog_entry>(actor, get_atom_v, context, shared<catalog_key>{some_key()}, duration{0})
          .has_value());
  BOOST_TEST((service.contexts.at(1).time_left == 3s));
  BOOST_TEST(service.contexts.at(1).traceparent == "trace");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(catalog_client_waits)

namespace {

/// A client whose service never answers.
struct silent : testing::virtual_time {
  silent() {
    connection = system.spawn([this](connection_actor::pointer that) {
      return connection_actor::behavior_type{
          [this, that](get_atom, const call_context&, const many<entry_key>&) {
            return kept.emplace_back(that->make_response_promise<many<result<found_output>>>());
          },
          [](put_atom, const call_context&, const many<entry_put>&) {
            return many<result<put_status>>{};
          },
          [](remove_atom, const call_context&, const entry_key&) { return no_value{}; },
          [](reserve_atom, const call_context&, const many<reservation_request>&) {
            return many<result<reservation>>{};
          },
          [](release_atom, const call_context&, const entry_key&, const std::string&) {
            return no_value{};
          },
          [](wait_atom, const call_context&, const wait_request&) {
            return waited{};
          }};
    });
    actor = spawn_catalog_client(system, connection, testing::store_in(system, store));
  }

  ~silent() {
    kept.clear();
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    caf::anon_send_exit(connection, caf::exit_reason::kill);
  }

  auto get(call_context context) {
    return self->request(actor, 1min, get_atom_v, context, shared<catalog_key>{some_key()},
                         duration{0});
  }

  testing::fake_store store;
  std::vector<caf::typed_response_promise<many<result<found_output>>>> kept;
  connection_actor connection;
  catalog_client_actor actor;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_call_ends_with_its_time, silent) {
  auto asked = get({.id = 0, .time_left = 2s, .traceparent = {}});
  advance(1999ms);
  BOOST_TEST(self->mailbox().empty());
  advance(1ms);
  BOOST_TEST(testing::code_of(answer<catalog_entry>(asked)) == errc::deadline_exceeded);
}

BOOST_FIXTURE_TEST_CASE(a_call_can_be_cancelled_by_its_id, silent) {
  auto first = get({.id = 5, .time_left = {}, .traceparent = {}});
  settle();
  self->send(actor, cancel_atom_v, std::uint64_t{4});
  settle();
  BOOST_TEST(self->mailbox().empty());
  self->send(actor, cancel_atom_v, std::uint64_t{5});
  BOOST_TEST(testing::code_of(answer<catalog_entry>(first)) == errc::canceled);
}

BOOST_AUTO_TEST_CASE(a_configuration_out_of_range_is_refused) {
  catalog_client_config config;
  config.timeout = 0s;
  BOOST_TEST(config.validate().error().message ==
             "catalog client: timeout is 0 ns; 1 ms to 24 h are possible");
  config = {};
  config.recorded_owners = 0;
  BOOST_TEST(!config.validate());
  config = {};
  config.clock = nullptr;
  BOOST_TEST(!config.validate());
}

BOOST_AUTO_TEST_SUITE_END()
