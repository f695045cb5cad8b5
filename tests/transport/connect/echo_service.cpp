#include "echo_service.hpp"

#include <deja/transport/connect/stream.hpp>

namespace deja::testing {

namespace {

using boost::asio::awaitable;
using http::request;
using http::responder;
using http::stream;

void throw_failure(const request&, const responder&) {
  throw std::runtime_error("secret");
}

awaitable<void> count(const request&, stream& client) {
  std::size_t size = 0;
  for (;;) {
    const auto piece = co_await client.read();
    if (!piece)
      co_return client.respond(http::error_response(piece.error()));
    if (piece->empty())
      break;
    size += piece->size();
  }
  client.respond(text_response(std::to_string(size)));
}

awaitable<void> streamed(const request&, stream& client) {
  const std::string_view body = "streamed";
  const http::response head;
  const bool begun = co_await client.begin(head, body.size());
  if (begun)
    co_await client.write(body);
}

awaitable<void> stalled(const request&, stream& client) {
  const std::string piece(std::size_t{1} << 20, 'x');
  const http::response head;
  bool taken = co_await client.begin(head, std::uint64_t{1} << 40);
  while (taken)
    taken = co_await client.write(piece);
}

awaitable<void> cut_short(const request&, stream& client) {
  const http::response head;
  const bool begun = co_await client.begin(head, 100);
  if (begun)
    co_await client.write("only this");
}

std::vector<http::route> routes(held_calls& held) {
  const auto answer = [](std::string body) {
    return [body = std::move(body)](const request&, const responder& respond) {
      respond(text_response(body));
    };
  };
  const auto echo = [](const request& asked, const responder& respond) {
    respond(text_response(asked.body));
  };
  const auto large = [](const request&, const responder& respond) {
    respond(text_response(std::string(std::size_t{64} << 20, 'x')));
  };
  const auto hold = [&held](const request&, const responder& respond) {
    held.add(respond);
  };
  const auto drop = [](const request&, const responder&) {
  };
  return {
      {"GET", "/hello", answer("hello")},
      {"GET", "/open", answer("open"), true},
      {"GET", "/large", large},
      {"POST", "/echo", echo},
      {"POST", "/held", hold},
      {"POST", "/dropped", drop},
      {"POST", "/thrown", throw_failure},
      {"GET", "/stream", http::streamed_handler{streamed}},
      {"POST", "/stream", http::streamed_handler{count}},
      {"GET", "/stalled", http::streamed_handler{stalled}},
      {"GET", "/short", http::streamed_handler{cut_short}},
  };
}

http::server_config on_a_free_port(http::server_config config) {
  config.port = 0;
  return config;
}

} // namespace

void held_calls::add(http::responder call) {
  const std::lock_guard lock{mutex_};
  calls_.push_back(std::move(call));
  came_.notify_all();
}

http::responder held_calls::next() {
  std::unique_lock lock{mutex_};
  if (!came_.wait_for(lock, std::chrono::seconds{20}, [this] { return !calls_.empty(); }))
    throw std::runtime_error("no call came");
  auto call = std::move(calls_.front());
  calls_.erase(calls_.begin());
  return call;
}

echo_service::echo_service(http::server_config config, std::optional<http::access_tokens> tokens)
    : server(http::router{routes(held)}, on_a_free_port(std::move(config)), std::move(tokens)) {
  server.start().value();
}

reply echo_service::ask(std::string_view request) const {
  auto client = connect();
  client.send(request);
  return client.read();
}

http::response text_response(std::string body) {
  http::response answer;
  answer.content_type = http::text_type;
  answer.body = std::move(body);
  return answer;
}

} // namespace deja::testing
