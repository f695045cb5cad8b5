#pragma once

#include <deja/transport/connect/access_tokens.hpp>
#include <deja/transport/connect/event_loop.hpp>
#include <deja/transport/connect/request_parser.hpp>
#include <deja/transport/connect/route.hpp>
#include <deja/transport/connect/server_config.hpp>
#include <deja/transport/connect/stream.hpp>

#include <boost/asio/generic/stream_protocol.hpp>

namespace deja::http {

/// What all sessions of a server share.
struct served {
  router routes;
  server_config config;
  std::optional<access_tokens> tokens;
};

/// One connection: its requests, one after the other. Belongs to its loop's thread.
class session final : public std::enable_shared_from_this<session>, private stream {
public:
  using socket = boost::asio::generic::stream_protocol::socket;
  using time_point = event_loop::time_point;

  /// `on_end` is called when the connection has gone, from the loop's thread.
  session(event_loop& loop, socket connection, std::shared_ptr<const served> what,
          std::function<void()> on_end);
  ~session() override;

  /// Serves until the connection ends. Keeps the session alive.
  void start();

  /// The answer to that one of its calls, if it is under way.
  void answered(std::uint64_t call, response answer);

  /// The call under way has `limit` from now on.
  void give_up_after(duration limit, response instead);

  /// Calls this where the client goes while the call waits for its answer.
  void when_gone(std::function<void()> leave);

  void put_deadline_off(duration by);

  /// Ends what should have ended by now.
  void check_deadline(time_point now);

  /// Ends with the request under way; at once where there is none.
  void drain();

  /// Ends now.
  void cut();

private:
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  using unsent = std::array<boost::asio::const_buffer, 2>;

  std::optional<std::uint64_t> content_length() const override;
  awaitable<result<std::string_view>> read() override;
  void respond(response answer) override;
  awaitable<bool> begin(const response& head, std::uint64_t size) override;
  awaitable<bool> write(std::string_view bytes) override;

  awaitable<void> serve(std::shared_ptr<session> self);
  awaitable<void> wait_for_request();
  awaitable<void> serve_request();
  awaitable<void> receive_head();
  awaitable<void> receive_body();
  awaitable<bool> receive();
  awaitable<bool> receive_more();
  bool feed();
  const route* choose();
  bool is_too_large() const;
  bool has_whole_body();
  void begin_call(const unary_handler& handler);
  awaitable<void> wait_for_answer();
  awaitable<void> call(const streamed_handler& handler);
  void give_answer(response answer);
  unsent send_answer();
  void make_head(const response& head, std::uint64_t body_size);
  unsent send_now(std::string_view first, std::string_view second);
  awaitable<bool> send_rest(unsent rest);
  bool has_unread();
  void watch_client();
  awaitable<void> linger();

  void expect_within(duration limit);
  void expect_progress();
  void made_progress(std::size_t bytes);

  event_loop& loop_;
  socket socket_;
  boost::asio::steady_timer wake_; // cancelled when an answer comes
  const std::shared_ptr<const served> served_;
  const std::function<void()> on_end_;

  std::array<char, 1024> first_;     // of a request, read before there is more memory
  std::unique_ptr<scratch> scratch_; // only while there is a request
  std::optional<request_parser> parser_;
  bool ends_ = false;      // after the answer under way
  bool continued_ = false; // 100 Continue was sent, or there is no need
  bool answer_begun_ = false;
  bool broken_ = false;    // nothing more can be sent
  std::uint64_t owed_ = 0; // bytes of the body that was begun
  bool is_head_ = false;

  time_point deadline_ = time_point::max();
  bool expired_ = false;
  std::uint64_t call_ = 0; // the one under way, or else the next; an earlier one's answer is void
  bool waits_for_answer_ = false;
  std::optional<response> answer_, instead_;
  std::function<void()> when_gone_; // of the call that waits
  std::uint64_t watch_ = 0;         // over its client; an earlier one is void

  time_point began_waiting_{}; // a stream's pace
  duration waited_{};
  std::uint64_t moved_ = 0;
};

} // namespace deja::http
