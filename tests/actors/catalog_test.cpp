#include "../support/results.hpp"
#include "../support/tasks.hpp"
#include "../support/temporary_folder.hpp"

#include <deja/actors/catalog.hpp>
#include <deja/actors/scheduler_config.hpp>
#include <deja/actors/spawn_catalog.hpp>
#include <deja/messages/caf_error.hpp>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

namespace {

using namespace deja;
using namespace std::chrono_literals;
using testing::code_of;
using testing::some_key;
using testing::some_literals;

std::int64_t value_of(const core::LiteralMap& outputs) {
  return outputs.literals().at("x").scalar().primitive().integer();
}

struct started {
  started() { catalog.start().value(); }

  memoized run(std::int64_t input, memoize_options options = {}) {
    auto done = catalog.memoize(
        some_key(input),
        [this, input](const computing&) -> result<core::LiteralMap> {
          ++computed;
          return some_literals(input * 10);
        },
        options);
    done.wait();
    return done.get().value();
  }

  deja::catalog catalog{catalog_config{}};
  std::atomic<int> computed = 0;
};

/// A coroutine that runs by itself.
struct detached {
  struct promise_type {
    detached get_return_object() { return {}; }

    std::suspend_never initial_suspend() { return {}; }

    std::suspend_never final_suspend() noexcept { return {}; }

    void return_void() {}

    void unhandled_exception() { std::terminate(); }
  };
};

detached await_into(download_future asked, std::promise<std::size_t>& into) {
  const auto done = co_await asked;
  into.set_value(done->size());
}

} // namespace

BOOST_AUTO_TEST_SUITE(catalogs)

BOOST_FIXTURE_TEST_CASE(what_is_uploaded_can_be_downloaded, started) {
  auto put = catalog.upload({{some_key(1), shared<core::LiteralMap>{some_literals(10)}, {}},
                             {some_key(2), shared<core::LiteralMap>{some_literals(20)}, {}}});
  put.wait();
  BOOST_TEST(put.get()->cached_count() == 2);
  BOOST_TEST(put.progress().done == 2);
  auto got = catalog.download({{some_key(1), {}}, {some_key(3), {}}, {some_key(2), {}}});
  got.wait();
  const auto all = got.get().value();
  BOOST_TEST(all.cached() == (std::vector{true, false, true}));
  BOOST_TEST(value_of(*all[2]->outputs) == 20);
  BOOST_TEST(!all.failure());
}

BOOST_AUTO_TEST_CASE(before_the_start_requests_fail) {
  catalog one{catalog_config{}};
  auto asked = one.download({{some_key(1), {}}});
  asked.wait();
  BOOST_TEST(code_of(asked.get()) == errc::failed_precondition);
  BOOST_TEST(asked.get().error().message.starts_with("NOT_STARTED"));
  BOOST_TEST(one.start().has_value());
  BOOST_TEST(one.start().error().code == errc::failed_precondition);
}

BOOST_FIXTURE_TEST_CASE(failed_items_are_named_and_the_others_stay_readable, started) {
  auto asked = catalog.download({{some_key(1), {}}, {{}, {}}});
  asked.wait();
  const auto all = asked.get().value();
  BOOST_TEST(all[0].has_value());
  BOOST_TEST(all.failure()->message.starts_with("SYSTEM_ERROR: 1 of 2 items failed: item 1: "));
  BOOST_TEST(asked.progress().failed == 1);
}

BOOST_FIXTURE_TEST_CASE(handlers_are_called_when_ready_and_at_once_if_it_is, started) {
  auto asked = catalog.download({{some_key(1), {}}});
  std::promise<void> first, second;
  asked.on_ready([&](const auto&) { first.set_value(); });
  asked.on_ready([&](const auto&) { second.set_value(); });
  first.get_future().get();
  second.get_future().get();
  bool third = false;
  asked.on_ready([&](const auto&) { third = true; });
  BOOST_TEST(third);
}

BOOST_FIXTURE_TEST_CASE(a_coroutine_can_await_it, started) {
  std::promise<std::size_t> size;
  await_into(catalog.download({{some_key(1), {}}, {some_key(2), {}}}), size);
  BOOST_TEST(size.get_future().get() == 2);
}

BOOST_AUTO_TEST_CASE(a_future_outlives_its_catalog) {
  auto one = std::make_unique<catalog>(catalog_config{});
  one->start().value();
  std::promise<void> begun;
  auto asked = one->memoize(some_key(1), [&](const computing& told) -> result<core::LiteralMap> {
    begun.set_value();
    while (!told.stop.stop_requested())
      std::this_thread::yield();
    return error{errc::canceled, "stopped"};
  });
  BOOST_TEST(code_of(asked.get()) == errc::failed_precondition);
  begun.get_future().get();
  one.reset();
  BOOST_TEST(asked.ready());
  BOOST_TEST(code_of(asked.get()) == errc::canceled);
}

BOOST_FIXTURE_TEST_CASE(the_longest_times_are_no_short_ones, started) {
  std::promise<void> begun, go;
  auto asked = catalog.memoize(some_key(1), [&](const computing&) -> result<core::LiteralMap> {
    begun.set_value();
    go.get_future().get();
    return some_literals(1);
  });
  begun.get_future().get();
  std::thread stopping{[&] {
    catalog.stop(duration::max());
  }};
  bool came = false;
  std::thread waiting{[&] {
    came = asked.wait_for(duration::max());
  }};
  BOOST_TEST(!asked.wait_for(50ms)); // both wait
  go.set_value();
  stopping.join();
  waiting.join();
  BOOST_TEST(came);
  BOOST_TEST(asked.get().has_value());
}

BOOST_FIXTURE_TEST_CASE(after_the_stop_requests_fail, started) {
  catalog.stop(1s);
  auto asked = catalog.download({{some_key(1), {}}});
  asked.wait();
  BOOST_TEST(code_of(asked.get()) == errc::unavailable);
}

BOOST_AUTO_TEST_CASE(cancelling_what_it_was_started_with_stops_it) {
  catalog one{catalog_config{}};
  std::stop_source stop;
  one.start(stop.get_token()).value();
  stop.request_stop();
  auto asked = one.download({{some_key(1), {}}});
  asked.wait();
  BOOST_TEST(!asked.get()); // as canceled or unavailable, whichever comes first
}

BOOST_FIXTURE_TEST_CASE(a_task_is_computed_once, started) {
  const auto first = run(1);
  BOOST_TEST((first.how == memoized_by::stored));
  const auto second = run(1);
  BOOST_TEST((second.how == memoized_by::hit));
  BOOST_TEST(value_of(*second.outputs) == 10);
  BOOST_TEST(second.computation.count() == first.computation.count());
  BOOST_TEST(computed == 1);
}

BOOST_FIXTURE_TEST_CASE(a_computation_that_throws_is_a_failure, started) {
  auto asked = catalog.memoize(some_key(1), [](const computing&) -> result<core::LiteralMap> {
    throw std::runtime_error{"no memory for it"};
  });
  asked.wait();
  BOOST_TEST(code_of(asked.get()) == errc::internal);
  BOOST_TEST(asked.get().error().message.find("no memory for it") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_computation_is_told_to_stop, started) {
  std::promise<void> begun, ended;
  auto asked = catalog.memoize(some_key(1), [&](const computing& told) -> result<core::LiteralMap> {
    begun.set_value();
    while (!told.stop.stop_requested())
      std::this_thread::yield();
    ended.set_value();
    return error{errc::canceled, "stopped"};
  });
  begun.get_future().get();
  asked.cancel();
  asked.wait();
  BOOST_TEST(code_of(asked.get()) == errc::canceled);
  ended.get_future().get();
}

BOOST_FIXTURE_TEST_CASE(a_call_can_be_cancelled_as_soon_as_it_is_made, started) {
  for (int input = 0; input < 20; ++input) {
    auto asked = catalog.memoize(some_key(input), [](const computing& told) {
      while (!told.stop.stop_requested())
        std::this_thread::yield();
      return result<core::LiteralMap>{error{errc::internal, "stopped"}};
    });
    asked.cancel();
    BOOST_TEST_REQUIRE(asked.wait_for(20s));
    BOOST_TEST(code_of(asked.get()) == errc::canceled);
  }
}

BOOST_FIXTURE_TEST_CASE(a_part_of_a_computation_does_not_wait_for_it, started) {
  auto asked = catalog.memoize(some_key(1), [&](const computing&) -> result<core::LiteralMap> {
    const auto same = run(1);
    BOOST_TEST((same.how == memoized_by::not_stored));
    return some_literals(value_of(*same.outputs) + run(2).outputs->literals_size());
  });
  asked.wait();
  BOOST_TEST(value_of(*asked.get()->outputs) == 11);
}

BOOST_AUTO_TEST_CASE(a_configuration_that_cannot_work_is_an_error_at_once) {
  const auto refuses = [](const catalog_config& config, const std::string& field) {
    try {
      catalog one{config};
      return false;
    } catch (const failure& problem) {
      return problem.why().code == errc::invalid_argument &&
             problem.why().message.find(field) != std::string::npos;
    }
  };
  catalog_config config;
  config.reader.workers = 0;
  BOOST_TEST(refuses(config, "reader: work queue: workers is 0"));
  config = {};
  config.heartbeat = 0s;
  BOOST_TEST(refuses(config, "heartbeat is 0 ns"));
  config = {};
  config.writer.timeout = duration::max();
  BOOST_TEST(refuses(config, "writer: work queue: timeout is 9223372036854775807"));
  config = {};
  config.reader.retry.longest_pause = duration::max();
  BOOST_TEST(refuses(config, "reader: work queue: retry.longest_pause is 9223372036854775807"));
  config = {};
  config.max_cache_age = -1s;
  BOOST_TEST(refuses(config, "max_cache_age is -1000000000 ns"));
  config = {};
  config.timeout = 0s;
  BOOST_TEST(refuses(config, "timeout is 0 ns"));
  config = {};
  config.connections.workers = 0;
  BOOST_TEST(refuses(config, "connections: worker pool: workers is 0"));
  config = {};
  config.storage.piece = 0;
  BOOST_TEST(refuses(config, "storage: piece is 0"));
  config = {};
  config.clock = nullptr;
  BOOST_TEST(refuses(config, "clock is not set"));
  config = {};
  config.index = "nonsense:";
  BOOST_TEST(refuses(config, "index"));
  config = {};
  config.service = "gopher://there";
  BOOST_TEST(refuses(config, "service"));
  config = {};
  config.store = "gs://bucket";
  try {
    catalog one{config};
    BOOST_TEST(false);
  } catch (const failure& problem) {
    BOOST_TEST((problem.why().code == errc::unimplemented ||
                problem.why().code == errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_CASE(a_target_that_cannot_be_written_harms_no_other_item) {
  const testing::temporary_folder folder;
  catalog_config config;
  config.store = folder.path().string();
  catalog one{config};
  one.start().value();
  one.upload({{some_key(1), shared<core::LiteralMap>{some_literals(10)}, {}}}).wait();
  const auto root = "file://" + folder.path().string();
  auto asked = one.download({{some_key(1), outputs_under{"gs://bucket/run"}},
                             {some_key(1), outputs_under{root + "/../elsewhere"}},
                             {some_key(1), outputs_under{root + "/run"}}});
  asked.wait();
  const auto all = asked.get().value();
  BOOST_TEST(code_of(all[0]) == errc::unimplemented);
  BOOST_TEST(all[0].error().message.find("gs") != std::string::npos);
  BOOST_TEST(code_of(all[1]) == errc::invalid_argument);
  BOOST_TEST(all[2]->cached);
  BOOST_TEST(std::filesystem::exists(folder.path() / "run/outputs.pb"));
}

BOOST_AUTO_TEST_CASE(a_piece_for_a_worker_of_the_store_may_be_of_any_size) {
  const testing::temporary_folder folder;
  catalog_config config;
  config.store = folder.path().string();
  config.storage.piece = std::numeric_limits<std::size_t>::max();
  catalog one{config};
  one.start().value();
  one.upload({{some_key(1), shared<core::LiteralMap>{some_literals(10)}, {}}}).wait();
  auto asked = one.download({{some_key(1), outputs_under{"file://" + config.store + "/run"}}});
  asked.wait();
  BOOST_TEST(asked.get()->cached_count() == 1);
}

BOOST_AUTO_TEST_CASE(outputs_that_cannot_be_used_are_no_hits) {
  const testing::temporary_folder folder;
  catalog_config config;
  config.store = folder.path().string();
  config.storage.payload_limit = 1000;
  catalog one{config};
  one.start().value();
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::filesystem::create_directory(folder.path() / name);
    std::ofstream{folder.path() / name / "outputs.pb"} << bytes;
    return outputs_under{"file://" + (folder.path() / name).string()};
  };
  const auto good = some_literals(10).SerializeAsString();
  auto put = one.upload({{some_key(1), write("cut", good), {}},
                         {some_key(2), write("garbage", "no protobuf at all"), {}},
                         {some_key(3), write("gone", good), {}},
                         {some_key(4), write("large", std::string(1001, 'x')), {}},
                         {some_key(5), write("good", good), {}}});
  put.wait();
  BOOST_TEST(code_of(put.get().value()[3]) == errc::resource_exhausted);
  BOOST_TEST(put.get()->cached_count() == 4);
  std::filesystem::resize_file(folder.path() / "cut/outputs.pb", good.size() - 1);
  std::filesystem::remove(folder.path() / "gone/outputs.pb");
  auto got = one.download({{some_key(1), {}},
                           {some_key(2), {}},
                           {some_key(3), {}},
                           {some_key(4), {}},
                           {some_key(5), {}}});
  got.wait();
  BOOST_TEST(got.get()->cached() == (std::vector{false, false, false, false, true}));
}

BOOST_AUTO_TEST_CASE(the_hosts_metrics_are_counted) {
  struct counters : metrics_scope {
    void count(std::string_view name, std::uint64_t more) override {
      const std::lock_guard lock{mutex};
      counts[std::string{name}] += more;
    }

    std::mutex mutex;
    std::map<std::string, std::uint64_t> counts;
  };

  const auto metrics = std::make_shared<counters>();
  catalog_config config;
  config.metrics = metrics;
  catalog one{config};
  one.start().value();
  for (int round = 0; round < 2; ++round)
    one.download({{some_key(1), {}}, {some_key(2), {}}, {{}, {}}}).wait();
  one.memoize(some_key(1),
              [](const computing&) -> result<core::LiteralMap> { return some_literals(1); })
      .wait();
  one.stop(1s);
  BOOST_TEST(metrics->counts["reader.cache_miss"] == 3);
  BOOST_TEST(metrics->counts["reader.cache_hit"] == 3);
  BOOST_TEST(metrics->counts["reader.proc_errors"] == 1);
  BOOST_TEST(metrics->counts["memoizer.stored"] == 1);
}

BOOST_AUTO_TEST_CASE(a_host_embeds_it_in_its_own_system_and_nothing_of_it_stays) {
  scheduler_config settings; // which calls `configure`
  caf::actor_system system{settings};
  caf::scoped_actor self{system, true}; // counts among those that run
  const auto before = system.registry().running();
  {
    catalog one{system, {}};
    one.start().value();
    one.download({{some_key(1), outputs_under{"mem://deja/run"}}}).wait();
  }
  const auto handles = spawn_catalog(system, {}).value();
  const auto no_failure = [](const caf::error& why) {
    BOOST_ERROR(from_caf(why).message);
  };
  self->request(handles.root, 10s, start_atom_v).receive([](no_value) {}, no_failure);
  self->request(handles.reader, 10s, download_atom_v, call_context{},
                many<download_request>{{{some_key(1), {}}}})
      .receive(
          [](const many<result<download_outcome>>& done) {
            BOOST_TEST(done->size() == 1);
            BOOST_TEST(!(*done)[0]->cached);
          },
          no_failure);
  self->request(handles.root, 10s, stop_atom_v, duration{1s}).receive([](no_value) {}, no_failure);
  system.registry().await_running_count_equal(before);
  BOOST_TEST(system.registry().running() == before);
}

BOOST_AUTO_TEST_CASE(several_catalogs_live_side_by_side) {
  started one, other;
  BOOST_TEST((one.run(1).how == memoized_by::stored));
  BOOST_TEST((other.run(1).how == memoized_by::stored)); // each has an index of its own
}

BOOST_AUTO_TEST_CASE(a_service_that_hangs_delays_the_end_by_little) {
  // It takes connections, and never answers.
  namespace asio = boost::asio;
  asio::io_context context;
  asio::ip::tcp::acceptor hung{context, {asio::ip::address_v4::loopback(), 0}};
  const auto begin = std::chrono::steady_clock::now();
  {
    catalog one{{.service = "http://127.0.0.1:" + std::to_string(hung.local_endpoint().port())}};
    one.start().value();
    const auto asked = one.download({{some_key(1), {}}});
    hung.accept(); // so the call is under way
    one.stop(100ms);
    BOOST_TEST(asked.wait_for(0s));
  }
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 8s)); // a call has 10 s and more
}

BOOST_AUTO_TEST_SUITE_END()
