#include "../support/fake_store.hpp"
#include "../support/results.hpp"
#include "../support/tasks.hpp"
#include "../support/virtual_time.hpp"

#include <deja/actors/reply.hpp>
#include <deja/actors/work_supervisor.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace std::chrono_literals;
using testing::code_of;
using names = std::vector<std::string>;
using outcomes = many<result<download_outcome>>;

const download_outcome hit{true, {}};
const download_outcome miss{false, {}};

/// An item by a name, which is where its outputs are to lie.
download_request item(const std::string& name, std::int64_t input = 1) {
  return {testing::some_key(input), outputs_under{name}};
}

std::string name_of(const download_request& what) {
  return what.target ? what.target->prefix : "";
}

/// A worker that can be told to finish what it was told to hold.
using held_worker = download_actor::extend<caf::reacts_to<tick_atom>>;

/// Workers that do what a test says, and what they were given.
struct crew {
  std::function<result<download_outcome>(const std::string& item)> carry_out = [](auto&) {
    return hit;
  };
  bool hold = false; ///< Keep chunks until `finish`.
  bool lazy = false; ///< Answer with too little.
  std::vector<names> chunks;
  std::vector<held_worker> hired;
  std::size_t held = 0; ///< Chunks.

  outcomes do_all(const many<download_request>& items) const {
    if (lazy)
      return outcomes{std::vector<result<download_outcome>>{}};
    return testing::each_of(items, [&](const auto& one) { return carry_out(name_of(one)); });
  }

  void finish() {
    for (const auto& one : hired)
      caf::anon_send(one, tick_atom_v);
  }

  download_actor hire(caf::actor_system& system) {
    hired.push_back(system.spawn([this](held_worker::pointer self) -> held_worker::behavior_type {
      using chunk = std::pair<many<download_request>, reply<outcomes>>;
      const auto mine = std::make_shared<std::vector<chunk>>();
      return {[=, this](download_atom, const call_context&,
                        const many<download_request>& items) -> caf::result<outcomes> {
                names asked;
                for (const auto& one : *items)
                  asked.push_back(name_of(one));
                chunks.push_back(asked);
                if (!hold)
                  return do_all(items);
                ++held;
                mine->emplace_back(items, reply{self->make_response_promise<outcomes>()});
                return mine->back().second.asker();
              },
              [=, this](tick_atom) {
                for (auto& [items, to] : std::exchange(*mine, {}))
                  to(do_all(items));
              }};
    }));
    return hired.back();
  }
};

struct queue : testing::virtual_time {
  explicit queue(work_config config = {}) { open(config); }

  ~queue() {
    workers.hired.clear();
    caf::anon_send_exit(supervisor, caf::exit_reason::kill);
    caf::anon_send_exit(storage, caf::exit_reason::kill);
  }

  void open(const work_config& config, bool start = true) {
    if (supervisor)
      caf::anon_send_exit(supervisor, caf::exit_reason::kill);
    supervisor = spawn_download_supervisor(
        system, [this](caf::actor_system& in) { return workers.hire(in); }, storage, config);
    if (start)
      BOOST_REQUIRE(ask<no_value>(supervisor, start_atom_v));
  }

  auto submit(std::vector<download_request> items, std::uint64_t id = 0) {
    auto asked = self->request(supervisor, 60min, download_atom_v, call_context{id, {}, {}},
                               many<download_request>{std::move(items)});
    settle();
    return asked;
  }

  result<outcomes> download(std::vector<download_request> items) {
    auto asked = submit(std::move(items));
    return answer<outcomes>(asked);
  }

  /// The names of all that was done, in order.
  names done() const {
    names all;
    for (const auto& chunk : workers.chunks)
      all.insert(all.end(), chunk.begin(), chunk.end());
    return all;
  }

  testing::fake_store store;
  storage_actor storage = testing::store_in(system, store);
  crew workers;
  download_supervisor_actor supervisor;
};

struct queue_of_one : queue {
  queue_of_one() : queue({.workers = 1, .chunk = 2}) {}
};

std::vector<errc> codes(const outcomes& done) {
  std::vector<errc> all;
  for (const auto& one : *done)
    all.push_back(code_of(one));
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(work_supervisor)

BOOST_FIXTURE_TEST_CASE(work_before_the_start_is_refused_and_so_is_a_second_start, queue) {
  BOOST_TEST(code_of(ask<no_value>(supervisor, start_atom_v)) == errc::failed_precondition);
  open({}, false);
  const auto refused = download({item("a")});
  BOOST_TEST(code_of(refused) == errc::failed_precondition);
  BOOST_TEST(refused.error().message.starts_with("NOT_STARTED"));
}

BOOST_FIXTURE_TEST_CASE(outcomes_come_in_the_order_of_the_items, queue) {
  workers.carry_out = [](const std::string& name) -> result<download_outcome> {
    if (name == "broken")
      return error{errc::data_loss, "damaged"};
    return name == "new" ? miss : hit;
  };
  const auto done = download({item("new"), item("known"), item("broken"), item("last")}).value();
  BOOST_TEST(codes(done) == (std::vector{errc::ok, errc::ok, errc::data_loss, errc::ok}));
  BOOST_TEST(!(*done)[0]->cached);
  BOOST_TEST((*done)[1]->cached);
}

BOOST_FIXTURE_TEST_CASE(no_items_are_done_at_once, queue) {
  BOOST_TEST(download({}).value()->empty());
  BOOST_TEST(workers.hired.size() == 0);
}

BOOST_FIXTURE_TEST_CASE(the_same_item_twice_in_a_call_is_done_once, queue) {
  BOOST_TEST(codes(download({item("a"), item("b"), item("a")}).value()) ==
             (std::vector{errc::ok, errc::ok, errc::ok}));
  BOOST_TEST(done().size() == 2);
}

BOOST_FIXTURE_TEST_CASE(the_same_item_in_two_calls_is_done_once, queue) {
  workers.hold = true;
  auto first = submit({item("a")});
  auto second = submit({item("a"), item("b")});
  workers.finish();
  settle();
  workers.finish();
  BOOST_TEST(answer<outcomes>(first).value()->size() == 1);
  BOOST_TEST(answer<outcomes>(second).value()->size() == 2);
  BOOST_TEST(done().size() == 2);
}

BOOST_FIXTURE_TEST_CASE(other_inputs_or_another_target_make_another_item, queue) {
  download({item("a", 1), item("a", 2), item("b", 1)}).value();
  BOOST_TEST(done().size() == 3);
}

BOOST_FIXTURE_TEST_CASE(inputs_are_told_by_their_content_not_by_their_place, queue) {
  auto read = item("a");
  auto key = *read.key;
  key.inputs = inputs_under{"here"};
  read.key = key;
  store.blobs.insert({"here/inputs.pb", shared<core::LiteralMap>{testing::some_literals(1)}});
  download({item("a"), read}).value();
  BOOST_TEST(done().size() == 1);
  store.blobs.insert_or_assign("here/inputs.pb",
                               shared<core::LiteralMap>{testing::some_literals(2)});
  download({read}).value();
  BOOST_TEST(done().size() == 2);
}

BOOST_FIXTURE_TEST_CASE(inputs_that_cannot_be_read_harm_no_other_item, queue) {
  auto unread = item("a");
  auto key = *unread.key;
  key.inputs = inputs_under{"nowhere"};
  unread.key = key;
  BOOST_TEST(download({unread, item("b")}).value()->size() == 2); // the worker says what is wrong
  BOOST_TEST(done().size() == 2);
}

BOOST_FIXTURE_TEST_CASE(a_permanent_error_is_final_at_once, queue) {
  workers.carry_out = [](auto&) -> result<download_outcome> {
    return error{errc::permission_denied, "no"};
  };
  const auto done = download({item("a")}).value();
  BOOST_TEST(code_of((*done)[0]) == errc::permission_denied);
  BOOST_TEST(workers.chunks.size() == 1);
}

BOOST_FIXTURE_TEST_CASE(an_error_that_can_pass_is_tried_again_after_a_pause, queue) {
  int tries = 0;
  workers.carry_out = [&](auto&) -> result<download_outcome> {
    if (++tries < 3)
      return error{errc::unavailable, "down"};
    return hit;
  };
  auto asked = submit({item("a")});
  BOOST_TEST(tries == 1);
  advance(1min);
  BOOST_TEST(tries == 3);
  BOOST_TEST(codes(answer<outcomes>(asked).value()) == (std::vector{errc::ok}));
}

BOOST_FIXTURE_TEST_CASE(attempts_are_limited, queue) {
  int tries = 0;
  workers.carry_out = [&](auto&) -> result<download_outcome> {
    ++tries;
    return error{errc::unavailable, "down"};
  };
  BOOST_TEST(codes(download({item("a")}).value()) == (std::vector{errc::unavailable}));
  BOOST_TEST(tries == 3);
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_throws_harms_only_the_item_that_made_it, queue_of_one) {
  workers.carry_out = [](const std::string& name) -> result<download_outcome> {
    if (name == "bad")
      throw std::runtime_error{"boom"};
    return hit;
  };
  const auto done = download({item("a"), item("bad"), item("c"), item("d")}).value();
  BOOST_TEST(
      (codes(done)[0] == errc::ok && codes(done)[2] == errc::ok && codes(done)[3] == errc::ok));
  BOOST_TEST(codes(done)[1] == errc::internal);
  BOOST_TEST(std::ranges::count(workers.chunks, names{"bad"}) == 3); // after the chunk, by itself
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_hangs_is_replaced, queue) {
  workers.hold = true;
  auto asked = submit({item("a")});
  workers.hold = false;
  advance(2min);
  BOOST_TEST(codes(answer<outcomes>(asked).value()) == (std::vector{errc::ok}));
  BOOST_TEST(workers.hired.size() == 2);
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_answers_too_little_fails_the_rest, queue_of_one) {
  workers.hold = true;
  auto asked = submit({item("a"), item("b")});
  BOOST_REQUIRE(workers.held == 2); // one item each: one at work, one at hand
  workers.hold = false;
  workers.lazy = true;
  workers.finish();
  settle();
  workers.lazy = false;
  advance(1min);
  BOOST_TEST(codes(answer<outcomes>(asked).value()) == (std::vector{errc::ok, errc::ok}));
  BOOST_TEST(done().size() == 4);
}

BOOST_FIXTURE_TEST_CASE(no_more_workers_come_than_are_allowed, queue) {
  workers.hold = true;
  std::vector<download_request> items;
  for (int at = 0; at < 1000; ++at)
    items.push_back(item(std::to_string(at)));
  auto asked = submit(items);
  BOOST_TEST(workers.hired.size() == 10);
  BOOST_TEST(workers.held == 20);
  workers.hold = false;
  workers.finish();
  BOOST_TEST(answer<outcomes>(asked).value()->size() == 1000);
  BOOST_TEST(workers.hired.size() == 10);
}

BOOST_FIXTURE_TEST_CASE(too_many_items_under_way_are_refused_as_a_whole, queue) {
  open({.max_in_flight = 3});
  workers.hold = true;
  auto asked = submit({item("a"), item("b")});
  const auto refused = download({item("c"), item("d")});
  BOOST_TEST(code_of(refused) == errc::resource_exhausted);
  BOOST_TEST(refused.error().message.find("max_in_flight is 3") != std::string::npos);
  workers.hold = false;
  workers.finish();
  answer<outcomes>(asked).value();
  BOOST_TEST(download({item("c"), item("d"), item("e")}).value()->size() == 3);
}

BOOST_FIXTURE_TEST_CASE(a_miss_answers_one_later_request, queue) {
  workers.carry_out = [](auto&) {
    return miss;
  };
  for (const std::size_t expected : {1, 1, 2, 2}) {
    download({item("a")}).value();
    BOOST_TEST(workers.chunks.size() == expected);
  }
}

BOOST_FIXTURE_TEST_CASE(a_success_is_repeated_while_its_target_holds_it, queue) {
  store.blobs.insert({"a/outputs.pb", shared<core::LiteralMap>{testing::some_literals(1)}});
  for (int again = 0; again < 3; ++again)
    BOOST_TEST((*download({item("a")}).value())[0]->cached);
  BOOST_TEST(workers.chunks.size() == 1);
  store.blobs.clear();
  download({item("a")}).value();
  BOOST_TEST(workers.chunks.size() == 2);
}

BOOST_FIXTURE_TEST_CASE(a_success_is_not_repeated_once_another_has_written_to_its_target, queue) {
  store.blobs.insert({"a/outputs.pb", shared<core::LiteralMap>{testing::some_literals(1)}});
  download({item("a", 1)}).value();
  download({item("a/", 2)}).value();
  download({item("a", 1)}).value();
  BOOST_TEST(workers.chunks.size() == 3);
}

BOOST_FIXTURE_TEST_CASE(what_is_remembered_is_limited, queue) {
  open({.max_items = 1});
  workers.carry_out = [](auto&) {
    return miss;
  };
  download({item("a")}).value();
  download({item("b")}).value();
  download({item("b")}).value();
  BOOST_TEST(done() == (names{"a", "b"}));
  download({item("a")}).value();
  BOOST_TEST(done() == (names{"a", "b", "a"}));
}

BOOST_FIXTURE_TEST_CASE(a_small_request_does_not_wait_for_a_large_one, queue_of_one) {
  workers.hold = true;
  std::vector<download_request> items;
  for (int at = 0; at < 100; ++at)
    items.push_back(item(std::to_string(at)));
  auto large = submit(items);
  auto small = submit({item("small")});
  for (int turn = 0; turn < 4; ++turn) {
    workers.finish();
    settle();
  }
  BOOST_TEST(answer<outcomes>(small).value()->size() == 1);
  BOOST_TEST(done().size() < 50);
  workers.hold = false;
  workers.finish();
  answer<outcomes>(large).value();
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_request_is_answered_and_its_items_are_not_begun, queue_of_one) {
  workers.hold = true;
  auto gone = submit({item("a"), item("b"), item("c"), item("d"), item("e"), item("f")}, 7);
  auto stays = submit({item("e")});
  self->send(supervisor, cancel_atom_v, std::uint64_t{7});
  BOOST_TEST(code_of(answer<outcomes>(gone)) == errc::canceled);
  workers.hold = false;
  workers.finish();
  BOOST_TEST(answer<outcomes>(stays).value()->size() == 1);
  for (const auto& name : done())
    BOOST_TEST(name != "f");
}

BOOST_FIXTURE_TEST_CASE(cancelled_items_of_a_worker_that_died_hold_nobody_up, queue_of_one) {
  workers.hold = true;
  auto gone = submit({item("a"), item("b"), item("c"), item("d"), item("e"), item("f")}, 7);
  auto stays = submit({item("g")});
  self->send(supervisor, cancel_atom_v, std::uint64_t{7});
  settle();
  workers.hold = false;
  caf::anon_send_exit(workers.hired.front(), caf::exit_reason::kill);
  BOOST_TEST(code_of(answer<outcomes>(gone)) == errc::canceled);
  BOOST_TEST(answer<outcomes>(stays).value()->size() == 1);
}

BOOST_FIXTURE_TEST_CASE(stop_lets_work_end_and_takes_no_more, queue_of_one) {
  workers.hold = true;
  auto asked = submit({item("a"), item("b"), item("c"), item("d"), item("e")});
  auto stopping = self->request(supervisor, 60min, stop_atom_v, duration{1h});
  BOOST_TEST(code_of(download({item("f")})) == errc::unavailable);
  workers.hold = false;
  workers.finish();
  BOOST_TEST(answer<outcomes>(asked).value()->size() == 5);
  BOOST_TEST(answer<no_value>(stopping).has_value());
}

BOOST_FIXTURE_TEST_CASE(stop_cancels_what_takes_too_long, queue_of_one) {
  workers.hold = true;
  auto asked = submit({item("a"), item("b"), item("c"), item("d")});
  auto stopping = self->request(supervisor, 60min, stop_atom_v, duration{1s});
  advance(1s);
  BOOST_TEST(code_of(answer<outcomes>(asked)) == errc::canceled);
  BOOST_TEST(answer<no_value>(stopping).has_value());
  BOOST_TEST(done().size() == 3); // two chunks
}

BOOST_FIXTURE_TEST_CASE(stop_leaves_no_actor, queue_of_one) {
  const auto before = system.registry().running(); // the supervisor and the store
  download({item("a")}).value();
  BOOST_TEST(system.registry().running() == before + 1);
  ask<no_value>(supervisor, stop_atom_v, duration{1s}).value();
  settle();
  BOOST_TEST(system.registry().running() == before - 1);
}

BOOST_FIXTURE_TEST_CASE(who_waits_when_the_queue_dies_is_told, queue_of_one) {
  workers.hold = true;
  auto asked = submit({item("a")});
  caf::anon_send_exit(supervisor, caf::exit_reason::kill);
  BOOST_TEST(code_of(answer<outcomes>(asked)) == errc::unavailable);
}

BOOST_FIXTURE_TEST_CASE(an_upload_that_succeeded_is_not_answered_from_memory, queue) {
  // Nobody knows whether the entry is still there, or young enough.
  std::vector<result<put_status>> answers{error{errc::not_found, "no outputs"}, put_status::stored,
                                          put_status::already_same};
  std::size_t puts = 0;
  const auto worker = [&](caf::actor_system& in) -> upload_actor {
    return in.spawn([&]() -> upload_actor::behavior_type {
      return {[&](upload_atom, const call_context&, const many<catalog_put>& items) {
        return testing::each_of(items, [&](auto&) { return answers.at(puts++); });
      }};
    });
  };
  const auto writer = spawn_upload_supervisor(system, worker, storage);
  ask<no_value>(writer, start_atom_v).value();
  const catalog_put one{testing::some_key(), outputs_under{"out"}, {}};
  for (const std::size_t expected : {1, 1, 2, 3}) { // a failure is repeated once
    ask<many<result<put_status>>>(writer, upload_atom_v, call_context{}, many<catalog_put>{{one}})
        .value();
    BOOST_TEST(puts == expected);
  }
  ask<no_value>(writer, stop_atom_v, duration{}).value();
}

BOOST_AUTO_TEST_CASE(a_configuration_that_cannot_work_is_refused) {
  const auto refuses = [](const work_config& config, const std::string& field) {
    const auto valid = config.validate();
    return valid.has_error() && valid.error().code == errc::invalid_argument &&
           valid.error().message.find(field) != std::string::npos;
  };
  BOOST_TEST(work_config{}.validate().has_value());
  BOOST_TEST(refuses({.workers = 0}, "workers is 0"));
  BOOST_TEST(refuses({.workers = 1025}, "workers is 1025"));
  BOOST_TEST(refuses({.retry = {.attempts = 0}}, "retry.attempts is 0"));
  BOOST_TEST(refuses({.max_in_flight = 0}, "max_in_flight is 0"));
  BOOST_TEST(refuses({.chunk = 0}, "chunk is 0"));
  BOOST_TEST(refuses({.timeout = 0s}, "timeout is 0"));
  BOOST_TEST(refuses({.timeout = duration::max()}, "timeout is 9223372036854775807"));
  BOOST_TEST(refuses({.retry = {.first_pause = -1ns}}, "retry.first_pause is -1"));
  BOOST_TEST(refuses({.retry = {.longest_pause = 1ms}}, "retry.longest_pause is 1000000"));
  BOOST_TEST(refuses({.retry = {.longest_pause = duration::max()}}, "retry.longest_pause is 9"));
}

BOOST_AUTO_TEST_SUITE_END()
