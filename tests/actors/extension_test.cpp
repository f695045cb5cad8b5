#include "../support/results.hpp"

#include <deja/actors/cache_gateway.hpp>
#include <deja/actors/cache_service.hpp>
#include <deja/actors/connection.hpp>
#include <deja/actors/wait_service.hpp>
#include <deja/messages/caf_error.hpp>
#include <deja/messages/configure.hpp>
#include <deja/transport/connect/connect_endpoint.hpp>
#include <deja/transport/connect/extension_routes.hpp>
#include <deja/transport/connect/http_server.hpp>
#include <deja/transport/index/memory_index.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace deja;
using namespace deja::testing;
using namespace std::chrono_literals;

struct config : caf::actor_system_config {
  config() { configure(*this); }
};

entry_key key(std::size_t number) {
  return {{"o", "p", "d"}, "k" + std::to_string(number)};
}

/// A whole service over an index in memory, and connections to it.
struct whole {
  whole() { server.start().value(); }

  ~whole() {
    caf::anon_send_exit(connection, caf::exit_reason::user_shutdown);
    caf::anon_send(waits, stop_atom_v);
    server.stop();
    pool.join();
    caf::anon_send_exit(waits, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(service, caf::exit_reason::user_shutdown);
  }

  std::vector<http::route> routes() {
    const http::write_path write = [this](operation what, std::function<void(outcome)> done,
                                          const auto& later) {
      gateway.apply(std::move(what), std::move(done), later);
    };
    auto all = http::cache_routes(*index, write);
    auto more = http::extension_routes(
        {*index, write,
         [this](wait_request what, duration time, cache_gateway::waited_done done) {
           return gateway.wait(std::move(what), time, std::move(done));
         },
         [this](std::vector<entry_key> keys, cache_gateway::counted done) {
           gateway.count_waiters(std::move(keys), std::move(done));
         },
         pool});
    std::move(more.begin(), more.end(), std::back_inserter(all));
    return all;
  }

  std::unique_ptr<cache_endpoint> endpoint() const {
    return make_connect_endpoint(
        {.url = "http://127.0.0.1:" + std::to_string(server.port()), .token = {}});
  }

  template <class T, class... Ts>
  result<T> ask(Ts... what) {
    std::optional<result<T>> told;
    self->request(connection, 1min, std::move(what)...)
        .receive([&](T& value) { told.emplace(boost::system::in_place_value, std::move(value)); },
                 [&](const caf::error& why) {
                   told.emplace(boost::system::in_place_error, from_caf(why));
                 });
    return std::move(*told);
  }

  /// Waits until so many wait for the first key at the service.
  void wait_for_waiters(std::size_t count) {
    std::uint64_t waiting = 0;
    while (waiting != count)
      self->request(waits, 1min, count_atom_v, many<entry_key>{{key(0)}})
          .receive([&](const many<std::uint64_t>& counts) { waiting = counts->front(); },
                   [](const caf::error& why) { BOOST_FAIL(from_caf(why).message); });
  }

  config settings;
  caf::actor_system system{settings};
  caf::scoped_actor self{system};
  std::shared_ptr<deja::index> index = make_memory_index();
  cache_service_actor service = spawn_cache_service(system, index);
  wait_service_actor waits = spawn_wait_service(system, index);
  cache_gateway gateway{system, service, waits};
  boost::asio::thread_pool pool{2};
  http::http_server server{http::router{routes()}, {.port = 0}};
  connection_actor connection =
      spawn_connection_pool(system, [this] { return endpoint(); }, {.workers = 4, .waiting = 100});
};

entry_put put_of(std::size_t number) {
  cacheservice::CachedOutput output;
  output.set_output_uri("u/" + std::to_string(number));
  return {key(number), output, {}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_extension_from_end_to_end)

BOOST_FIXTURE_TEST_CASE(many_are_put_and_found, whole) {
  std::vector<entry_put> puts;
  std::vector<entry_key> keys;
  for (std::size_t number = 0; number < 2000; ++number) {
    puts.push_back(put_of(number));
    keys.push_back(key(number));
  }
  const auto done =
      ask<many<result<put_status>>>(put_atom_v, call_context{}, many<entry_put>{puts}).value();
  for (const auto& one : *done)
    BOOST_TEST((one.value() == put_status::stored));
  const auto found =
      ask<many<result<found_output>>>(get_atom_v, call_context{}, many<entry_key>{keys}).value();
  for (std::size_t number = 0; number < keys.size(); ++number) {
    BOOST_TEST((*found)[number]->output->output_uri() == "u/" + std::to_string(number));
    BOOST_TEST((*found)[number]->generation.has_value());
  }
}

BOOST_FIXTURE_TEST_CASE(a_put_is_fenced_by_the_token_of_the_reservation, whole) {
  const auto one = endpoint();
  const auto held = one->reserve({}, key(0), "me", 1s).value();
  BOOST_TEST(held.fencing_token > 0U);
  auto put = put_of(0);
  put.when.held = fence{"me", held.fencing_token + 1};
  BOOST_TEST(code_of(one->put({}, put.key, *put.output, put.when)) == errc::failed_precondition);
  put.when.held->token = held.fencing_token;
  BOOST_TEST((one->put({}, put.key, *put.output, put.when).value() == put_status::stored));
}

BOOST_FIXTURE_TEST_CASE(a_waiter_is_told_of_anothers_put, whole) {
  const auto other = endpoint();
  other->reserve({}, key(0), "other", 10s).value();
  auto asked =
      self->request(connection, 1min, wait_atom_v, call_context{}, wait_request{key(0), {}, false});
  wait_for_waiters(1);
  other->put({}, key(0), *put_of(0).output, {}).value();
  asked.receive([](const waited& told) { BOOST_TEST((told.event == wait_event::entry)); },
                [](const caf::error& why) { BOOST_FAIL(from_caf(why).message); });
}

BOOST_FIXTURE_TEST_CASE(the_service_ends_though_somebody_waits, whole) {
  const auto other = endpoint();
  other->reserve({}, key(0), "other", 10s).value();
  self->send(connection, wait_atom_v, call_context{}, wait_request{key(0), {}, false});
  wait_for_waiters(1);
}

BOOST_AUTO_TEST_SUITE_END()
