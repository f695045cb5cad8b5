#include "../support/results.hpp"

#include <deja/actors/cache_service.hpp>
#include <deja/actors/connection.hpp>
#include <deja/actors/storage.hpp>
#include <deja/messages/caf_error.hpp>
#include <deja/messages/configure.hpp>
#include <deja/transport/index/memory_index.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace {

using namespace deja;
using namespace std::chrono_literals;
using literals = shared<core::LiteralMap>;

const entry_key key{{"o", "p", "d"}, "k"};

struct config : caf::actor_system_config {
  config() { configure(*this); }
};

/// Real threads: detached actors know no virtual time.
struct live_system {
  template <class T, class Handle, class... Ts>
  result<T> ask(const Handle& whom, Ts... what) {
    std::optional<result<T>> told;
    self->request(whom, 1min, std::move(what)...)
        .receive([&](T& value) { told.emplace(boost::system::in_place_value, std::move(value)); },
                 [&](const caf::error& why) {
                   told.emplace(boost::system::in_place_error, from_caf(why));
                 });
    return std::move(*told);
  }

  /// The outcome of a request for one item of many.
  template <class T, class Handle, class Verb, class In>
  result<T> ask_one(const Handle& whom, Verb verb, In item) {
    const auto told = ask<many<result<T>>>(whom, verb, call_context{}, many<In>{{std::move(item)}});
    return told ? (**told).at(0) : told.error();
  }

  config settings;
  caf::actor_system system{settings};
  caf::scoped_actor self{system};
};

/// What the endpoints of a test share: a gate that they wait at, and what they saw.
struct gate {
  void pass() {
    std::unique_lock lock{mutex};
    ++waiting;
    threads.insert(std::this_thread::get_id());
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
  }

  void wait_for(std::size_t count) {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return waiting >= count; });
  }

  void open_up() {
    const std::lock_guard lock{mutex};
    open = true;
    changed.notify_all();
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::size_t waiting = 0;
  bool open = false;
  std::set<std::thread::id> threads;
};

class gated_endpoint : public cache_endpoint {
public:
  explicit gated_endpoint(gate& at) : gate_(at) {}

  result<found_output> get(const call_context&, const entry_key& wanted) override {
    if (wanted.key == "throw")
      throw std::runtime_error{"broken"};
    gate_.pass();
    return error{errc::not_found, "no " + wanted.key};
  }

  result<put_status> put(const call_context&, const entry_key&, const cacheservice::CachedOutput&,
                         const put_condition&) override {
    return put_status::already_same;
  }

  result<void> remove(const call_context&, const entry_key&) override { return {}; }

  result<reservation> reserve(const call_context&, const entry_key&, const std::string& owner,
                              duration) override {
    reservation held;
    held.owner = owner;
    return held;
  }

  result<void> release(const call_context&, const entry_key&, const std::string&) override {
    return error{errc::unavailable, "gone"};
  }

private:
  gate& gate_;
};

struct pool : live_system {
  explicit pool(worker_pool_config limits = {.workers = 2, .waiting = 1})
      : connection(spawn_connection_pool(
            system, [this] { return std::make_unique<gated_endpoint>(endpoints); }, limits)) {}

  ~pool() {
    endpoints.open_up();
    caf::anon_send_exit(connection, caf::exit_reason::user_shutdown);
  }

  auto get(duration time = 0s) {
    return self->request(connection, 1min, get_atom_v,
                         call_context{.id = 0, .time_left = time, .traceparent = {}},
                         many<entry_key>{{key}});
  }

  template <class Asked>
  static errc code_of(Asked&& asked) {
    auto code = errc::ok;
    asked.receive(
        [&](const many<result<found_output>>& found) { code = testing::code_of(found->front()); },
        [&](const caf::error& why) { code = from_caf(why).code; });
    return code;
  }

  gate endpoints;
  connection_actor connection;
};

cacheservice::CachedOutput output(const std::string& uri) {
  cacheservice::CachedOutput some;
  some.set_output_uri(uri);
  return some;
}

} // namespace

BOOST_AUTO_TEST_SUITE(connection_pool)

BOOST_FIXTURE_TEST_CASE(requests_run_side_by_side_and_then_wait, pool) {
  auto first = get(), second = get();
  endpoints.wait_for(2);
  auto third = get();
  BOOST_TEST(code_of(get()) == errc::resource_exhausted);
  endpoints.open_up();
  BOOST_TEST(code_of(first) == errc::not_found);
  BOOST_TEST(code_of(second) == errc::not_found);
  BOOST_TEST(code_of(third) == errc::not_found);
  BOOST_TEST(endpoints.threads.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_request_whose_time_is_up_before_its_turn_is_not_begun) {
  pool one{{.workers = 1, .waiting = 1}};
  auto first = one.get();
  one.endpoints.wait_for(1);
  auto second = one.get(1ns);
  one.endpoints.open_up();
  BOOST_TEST(one.code_of(first) == errc::not_found);
  BOOST_TEST(one.code_of(second) == errc::deadline_exceeded);
  BOOST_TEST(one.endpoints.waiting == 1U);
}

BOOST_FIXTURE_TEST_CASE(an_exception_is_an_answer_and_the_worker_goes_on, pool) {
  endpoints.open_up();
  for (int round = 0; round < 4; ++round) {
    const auto told = ask_one<found_output>(connection, get_atom_v, entry_key{{}, "throw"});
    BOOST_TEST(testing::code_of(told) == errc::internal);
  }
  BOOST_TEST(code_of(get()) == errc::not_found);
}

BOOST_FIXTURE_TEST_CASE(many_items_are_spread_over_the_workers, pool) {
  auto asked = self->request(connection, 1min, get_atom_v, call_context{},
                             many<entry_key>{std::vector<entry_key>(20, key)});
  endpoints.wait_for(2);
  auto other = get();
  endpoints.open_up();
  asked.receive(
      [](const many<result<found_output>>& found) {
        BOOST_TEST(found->size() == 20U);
        for (const auto& one : *found)
          BOOST_TEST(testing::code_of(one) == errc::not_found);
      },
      [](const caf::error& why) { BOOST_FAIL(from_caf(why).message); });
  BOOST_TEST(code_of(other) == errc::not_found);
  BOOST_TEST(endpoints.threads.size() == 2U);
}

BOOST_AUTO_TEST_CASE(of_many_items_those_whose_time_is_up_are_not_begun) {
  pool one{{.workers = 1, .waiting = 1}};
  auto first = one.get();
  one.endpoints.wait_for(1);
  auto asked = one.self->request(one.connection, 1min, get_atom_v,
                                 call_context{.id = 0, .time_left = 1ns, .traceparent = {}},
                                 many<entry_key>{std::vector<entry_key>(3, key)});
  one.endpoints.open_up();
  BOOST_TEST(one.code_of(first) == errc::not_found);
  asked.receive(
      [](const many<result<found_output>>& found) {
        for (const auto& each : *found)
          BOOST_TEST(testing::code_of(each) == errc::deadline_exceeded);
      },
      [](const caf::error& why) { BOOST_FAIL(from_caf(why).message); });
  BOOST_TEST(one.endpoints.waiting == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_dies_is_replaced_also_for_those_who_wait, live_system) {
  gate endpoints;
  endpoints.open_up();
  std::atomic<int> made = 0;
  const auto connection =
      spawn_connection_pool(system,
                            [&]() -> std::unique_ptr<cache_endpoint> {
                              if (made++ == 0)
                                throw std::runtime_error{"no endpoint"};
                              return std::make_unique<gated_endpoint>(endpoints);
                            },
                            {.workers = 1, .waiting = 10});
  const auto get = [&] {
    return self->request(connection, 1min, get_atom_v, call_context{}, many<entry_key>{{key}});
  };
  auto first = get(), second = get(), third = get();
  BOOST_TEST(pool::code_of(first) == errc::unavailable);
  BOOST_TEST(pool::code_of(second) == errc::not_found);
  BOOST_TEST(pool::code_of(third) == errc::not_found);
  caf::anon_send_exit(connection, caf::exit_reason::user_shutdown);
}

BOOST_FIXTURE_TEST_CASE(each_call_reaches_the_endpoint, pool) {
  const auto put = ask_one<put_status>(connection, put_atom_v, entry_put{key, output("u")});
  BOOST_TEST((put.value() == put_status::already_same));
  BOOST_TEST(ask<no_value>(connection, remove_atom_v, call_context{}, key).has_value());
  const auto held =
      ask_one<reservation>(connection, reserve_atom_v, reservation_request{key, "me", 1s});
  BOOST_TEST(held.value().owner == "me");
  const auto released =
      ask<no_value>(connection, release_atom_v, call_context{}, key, std::string{"me"});
  BOOST_TEST(testing::code_of(released) == errc::unavailable);
}

namespace {

/// Takes many items a call, or one as Flyte's service, and is waited at.
class counting_endpoint : public gated_endpoint {
public:
  struct calls {
    std::mutex mutex;
    std::vector<std::size_t> sizes; ///< Of the calls to get.
    std::size_t width = 1024;
    std::vector<duration> waits; ///< The time of each.
  };

  counting_endpoint(gate& at, calls& seen) : gated_endpoint(at), seen_(seen) {}

  std::vector<result<found_output>> get_many(const call_context& context,
                                             std::span<const entry_key> keys) override {
    {
      const std::lock_guard lock{seen_.mutex};
      seen_.sizes.push_back(keys.size());
    }
    return cache_endpoint::get_many(context, keys);
  }

  std::size_t items_per_call() const override { return seen_.width; }

  result<waited> wait(const call_context& context, const wait_request&) override {
    const std::lock_guard lock{seen_.mutex};
    seen_.waits.push_back(context.time_left);
    return waited{seen_.waits.size() < 3 ? wait_event::timeout : wait_event::entry, 1, {}, 0};
  }

private:
  calls& seen_;
};

struct counting_pool : live_system {
  counting_pool() {
    endpoints.open_up();
    connection = spawn_connection_pool(
        system, [this] { return std::make_unique<counting_endpoint>(endpoints, seen); },
        {.workers = 2, .waiting = 10});
  }

  ~counting_pool() { caf::anon_send_exit(connection, caf::exit_reason::user_shutdown); }

  std::vector<std::size_t> sizes_of(std::size_t keys) {
    ask<many<result<found_output>>>(connection, get_atom_v, call_context{},
                                    many<entry_key>{std::vector<entry_key>(keys, key)})
        .value();
    return std::exchange(seen.sizes, {});
  }

  gate endpoints;
  counting_endpoint::calls seen;
  connection_actor connection;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(many_items_are_one_call_where_the_service_takes_them, counting_pool) {
  BOOST_TEST((sizes_of(20) == std::vector<std::size_t>{10, 10})); // not known yet
  BOOST_TEST((sizes_of(20) == std::vector<std::size_t>{20}));
  seen.width = 1;
  sizes_of(1); // it learns
  BOOST_TEST((sizes_of(3) == std::vector<std::size_t>{1, 1, 1}));
}

BOOST_FIXTURE_TEST_CASE(a_wait_goes_on_in_pieces_until_its_time, counting_pool) {
  const auto told = ask<waited>(connection, wait_atom_v,
                                call_context{.id = 0, .time_left = 1min, .traceparent = {}},
                                wait_request{key, {}, false});
  BOOST_TEST((told->event == wait_event::entry));
  BOOST_TEST((seen.waits == std::vector<duration>{1s, 1s, 1s}));
  seen.waits.clear();
  const auto ended = ask<waited>(connection, wait_atom_v,
                                 call_context{.id = 0, .time_left = 1ms, .traceparent = {}},
                                 wait_request{key, {}, false});
  BOOST_TEST((ended->event == wait_event::timeout));
}

BOOST_FIXTURE_TEST_CASE(who_cannot_wait_is_told, pool) {
  BOOST_TEST(testing::code_of(ask<waited>(connection, wait_atom_v, call_context{},
                                          wait_request{key, {}, false})) == errc::unimplemented);
}

BOOST_FIXTURE_TEST_CASE(who_waits_when_the_pool_ends_is_told, pool) {
  auto first = get(), second = get();
  endpoints.wait_for(2);
  caf::anon_send_exit(connection, caf::exit_reason::user_shutdown);
  BOOST_TEST(code_of(first) == errc::unavailable);
  BOOST_TEST(code_of(second) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(a_pool_has_workers) {
  BOOST_TEST(worker_pool_config{.workers = 0}.validate().error().message ==
             "worker pool: workers is 0; 1 to 1024 are possible");
  BOOST_TEST(!worker_pool_config{.workers = 1025}.validate());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(local_connection)

BOOST_FIXTURE_TEST_CASE(the_service_in_the_same_process_answers_all_calls, live_system) {
  const auto service = spawn_cache_service(system, make_memory_index());
  const auto connection = spawn_local_connection(system, service);
  const auto get = [&] {
    return ask_one<found_output>(connection, get_atom_v, key);
  };
  const auto put = [&](const std::string& uri) {
    return ask_one<put_status>(connection, put_atom_v, entry_put{key, output(uri)});
  };
  const auto reserve = [&](const std::string& owner) {
    return ask_one<reservation>(connection, reserve_atom_v, reservation_request{key, owner, 1s})
        .value()
        .owner;
  };
  BOOST_TEST(testing::code_of(get()) == errc::not_found);
  BOOST_TEST((put("u").value() == put_status::stored));
  BOOST_TEST((put("u").value() == put_status::already_same));
  BOOST_TEST((put("v").value() == put_status::already_other));
  BOOST_TEST(get().value().output->output_uri() == "u");
  BOOST_TEST(ask<no_value>(connection, remove_atom_v, call_context{}, key).has_value());
  BOOST_TEST(testing::code_of(get()) == errc::not_found);
  BOOST_TEST(reserve("me") == "me");
  BOOST_TEST(reserve("you") == "me");
  BOOST_TEST(ask<no_value>(connection, release_atom_v, call_context{}, key, std::string{"me"})
                 .has_value());
  BOOST_TEST(reserve("you") == "you");
  const auto empty = ask_one<found_output>(connection, get_atom_v, entry_key{{}, ""});
  BOOST_TEST(testing::code_of(empty) == errc::invalid_argument);
  caf::anon_send_exit(service, caf::exit_reason::user_shutdown);
  self->wait_for(service);
  BOOST_TEST(testing::code_of(get()) == errc::unavailable);
  caf::anon_send_exit(connection, caf::exit_reason::user_shutdown);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(storage)

BOOST_FIXTURE_TEST_CASE(task_data_are_read_and_written_by_flytes_names, live_system) {
  const auto store = spawn_storage(system, open_blob_store("mem://b").value(),
                                   {.pool = {.workers = 2}, .payload_limit = 64});
  const auto write = [&](const std::string& reference, const core::LiteralMap& what) {
    return ask<many<result<no_value>>>(store, write_atom_v,
                                       many<literals_at>{{literals_at{reference, what}}})
        .value()
        ->at(0);
  };
  const auto find = [&](const std::string& prefix) {
    return ask<many<result<std::string>>>(store, look_up_atom_v,
                                          many<outputs_under>{{outputs_under{prefix}}})
        .value()
        ->at(0);
  };
  core::LiteralMap some;
  (*some.mutable_literals())["x"].set_hash("h");
  BOOST_TEST(write("mem://b/in/inputs.pb", some).has_value());
  const auto inputs = ask<many<result<literals>>>(store, read_atom_v,
                                                  many<inputs_under>{{inputs_under{"mem://b/in"}}});
  BOOST_TEST(inputs.value()->at(0).value()->literals().at("x").hash() == "h");
  BOOST_TEST(testing::code_of(find("mem://b/out")) == errc::not_found);
  const std::string place = "mem://b/out/outputs.pb";
  BOOST_TEST(write(place, some).has_value());
  BOOST_TEST(find("mem://b/out").value() == place);
  const auto both =
      ask<many<result<literals>>>(store, read_atom_v, many<std::string>{{place, "mem://b/none"}});
  BOOST_TEST(both.value()->at(0).has_value());
  BOOST_TEST(testing::code_of(both.value()->at(1)) == errc::not_found);
  (*some.mutable_literals())["x"].set_hash(std::string(100, 'h'));
  BOOST_TEST(write(place, some).has_value());
  BOOST_TEST(testing::code_of(find("mem://b/out")) == errc::resource_exhausted);
  caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
}

BOOST_FIXTURE_TEST_CASE(more_blobs_than_a_piece_come_in_order, live_system) {
  const auto store = spawn_storage(system, open_blob_store("mem://b").value(),
                                   {.pool = {.workers = 3}, .piece = 2});
  const auto place = [](std::size_t at) {
    return "mem://b/" + std::to_string(at);
  };
  std::vector<literals_at> blobs;
  std::vector<std::string> places;
  for (std::size_t at = 0; at < 11; ++at) {
    core::LiteralMap some;
    (*some.mutable_literals())["x"].set_hash(std::to_string(at));
    blobs.push_back({place(at), some});
    places.push_back(place(at));
  }
  BOOST_TEST(
      ask<many<result<no_value>>>(store, write_atom_v, many<literals_at>{blobs}).value()->size() ==
      11U);
  const auto read = ask<many<result<literals>>>(store, read_atom_v, many<std::string>{places});
  for (std::size_t at = 0; at < 11; ++at)
    BOOST_TEST(read.value()->at(at).value()->literals().at("x").hash() == std::to_string(at));
  caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
}

BOOST_AUTO_TEST_CASE(limits_of_nothing_are_refused) {
  BOOST_TEST(storage_config{.download_limit = 0}.validate().error().message ==
             "storage: download_limit is 0 bytes; at least 1 is possible");
}

BOOST_AUTO_TEST_SUITE_END()
