#include <deja/transport/connect/session.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <spdlog/spdlog.h>

namespace deja::http {

namespace asio = boost::asio;

namespace {

using steady = std::chrono::steady_clock;

/// Read at once, unless a header may be larger.
constexpr std::size_t input_bytes = std::size_t{64} << 10;

/// Requests that were sent without waiting for answers; then others have their turn.
constexpr std::size_t most_at_a_time = 16;

/// An answer that takes longer to make is sent behind what else is ready in this turn of the loop,
/// so that many are sent in a row: by then their client may well sleep, and to wake it for each of
/// them takes as long as a look-up.
constexpr duration quick_answer = std::chrono::microseconds{5};

/// Of an answer's body, next to its head: dearer to send from two places.
constexpr std::size_t most_copied = std::size_t{4} << 10;

/// Read from a client that is to see its answer before the connection ends.
constexpr std::uint64_t most_lingered = std::uint64_t{16} << 20;

response not_allowed(const request& asked, const std::string& allowed) {
  auto answer =
      error_response({errc::unimplemented, "method " + std::string{asked.method()} +
                                               " is not possible here; " + allowed + " is"},
                     405);
  answer.fields = "Allow: " + allowed + "\r\n";
  return answer;
}

response unknown_path(const request& asked) {
  return error_response(
      {errc::unimplemented, "there is nothing at path \"" + std::string{asked.path()} + "\""}, 404);
}

response unauthenticated() {
  auto answer = error_response({errc::unauthenticated, "a valid access token is needed: "
                                                       "Authorization: Bearer TOKEN"});
  answer.fields = "WWW-Authenticate: Bearer\r\n";
  return answer;
}

response too_large(std::size_t limit) {
  return error_response({errc::resource_exhausted, "the request's body is larger than the limit "
                                                   "of " +
                                                       std::to_string(limit) + " bytes"},
                        413);
}

} // namespace

session::session(event_loop& loop, socket connection, std::shared_ptr<const served> what,
                 std::function<void()> on_end)
    : loop_(loop), socket_(std::move(connection)), wake_(loop.context()), served_(std::move(what)),
      on_end_(std::move(on_end)) {
  loop_.add(*this);
  ends_ = loop_.draining(); // it was taken just before
}

session::~session() {
  loop_.remove(*this);
  on_end_();
}

void session::start() {
  boost::system::error_code ignored; // then reading and writing say what is wrong
  socket_.non_blocking(true, ignored);
  asio::co_spawn(loop_.context(), serve(shared_from_this()), asio::detached);
}

void session::answered(std::uint64_t call, response answer) {
  if (call == call_)
    give_answer(std::move(answer));
}

void session::give_answer(response answer) {
  answer_ = std::move(answer);
  if (waits_for_answer_)
    wake_.cancel();
}

void session::give_up_after(duration limit, response instead) {
  instead_ = std::move(instead);
  deadline_ = std::min(deadline_, steady::now() + limit);
}

void session::when_gone(std::function<void()> leave) {
  when_gone_ = std::move(leave);
}

void session::put_deadline_off(duration by) {
  if (deadline_ != time_point::max())
    deadline_ += by;
}

void session::check_deadline(time_point now) {
  if (now < deadline_)
    return;
  if (waits_for_answer_) {
    deadline_ = time_point::max();
    give_answer(instead_ ? std::move(*instead_)
                         : error_response({errc::deadline_exceeded,
                                           "the call was given up; it may have happened"}));
    return;
  }
  // The deadline stays: what is ready but not resumed yet is not cancelled, what follows it is.
  expired_ = true;
  socket_.cancel();
}

void session::drain() {
  ends_ = true;
  if (!scratch_)
    socket_.cancel();
}

void session::cut() {
  ends_ = true;
  boost::system::error_code ignored; // it is going away in any case
  socket_.close(ignored);
  if (waits_for_answer_)
    give_answer(error_response({errc::unavailable, "the service is shutting down"}));
}

void session::expect_within(duration limit) {
  expired_ = false;
  deadline_ = loop_.after(limit);
}

// Most requests are there whole once something is there, and are answered at once. What need not be
// waited for is no coroutine: each costs its frame.
asio::awaitable<void> session::serve(std::shared_ptr<session>) {
  try {
    for (std::size_t served = 1;; ++served) {
      if (!scratch_)
        co_await wait_for_request();
      if (!scratch_)
        break;
      co_await serve_request();
      parser_.reset();
      if (ends_)
        break;
      if (scratch_->input.size() == 0)
        loop_.give_back(std::move(scratch_));
      else if (served % most_at_a_time == 0)
        co_await asio::post(loop_.context(), asio::use_awaitable);
    }
  } catch (const std::exception& problem) {
    spdlog::error("a connection was ended by a failure: {}", problem.what());
  }
}

// Takes the scratch memory once there is something to read; without it the connection is over.
asio::awaitable<void> session::wait_for_request() {
  boost::system::error_code problem;
  expect_within(served_->config.idle_timeout);
  std::size_t count = 0;
  if (!ends_)
    count = co_await socket_.async_read_some(asio::buffer(first_),
                                             asio::redirect_error(asio::use_awaitable, problem));
  if (count == 0 && ends_ && socket_.is_open()) // What came before the loop drained is served.
    count = socket_.read_some(asio::buffer(first_), problem);
  if (count == 0 || !socket_.is_open())
    co_return;
  scratch_ = loop_.take_scratch();
  auto& input = scratch_->input;
  input.commit(asio::buffer_copy(input.prepare(count), asio::buffer(first_, count)));
}

asio::awaitable<void> session::serve_request() {
  parser_.emplace(scratch_->asked, served_->config.max_header_bytes);
  answer_.reset();
  answer_begun_ = is_head_ = false;
  owed_ = 0;
  continued_ = true;
  expect_within(served_->config.receive_timeout);
  feed();
  if (!parser_->has_head() && !answer_)
    co_await receive_head();
  const route* found = nullptr;
  if (parser_->has_head() && !answer_)
    found = choose();
  const auto* const unary =
      found == nullptr ? nullptr : std::get_if<unary_handler>(&found->handler);
  if (found != nullptr && unary == nullptr)
    co_await call(std::get<streamed_handler>(found->handler));
  if (unary != nullptr && !parser_->complete())
    co_await receive_body();
  if (unary != nullptr && has_whole_body()) {
    const auto began = steady::now();
    begin_call(*unary);
    const bool at_once = answer_.has_value();
    if (!at_once)
      co_await wait_for_answer();
    ++call_;
    if (at_once && steady::now() - began > quick_answer)
      co_await asio::post(loop_.context(), asio::use_awaitable);
  }
  unsent rest;
  if (answer_)
    rest = send_answer();
  if (asio::buffer_size(rest) > 0)
    co_await send_rest(rest);
  const bool sent = answer_begun_ && owed_ == 0 && !broken_;
  if (sent && ends_ && has_unread())
    co_await linger();
}

asio::awaitable<void> session::receive_head() {
  bool received = true;
  while (received && !parser_->has_head())
    received = co_await receive();
}

// Who serves the request; else there is an answer.
const route* session::choose() {
  const auto& asked = scratch_->asked;
  continued_ = !parser_->expects_continue();
  is_head_ = asked.method() == "HEAD";
  ends_ = ends_ || !parser_->keep_alive();
  const auto [found, allowed] = served_->routes.find(asked.method(), asked.path());
  const bool open = found != nullptr && found->open;
  if (!open && served_->tokens && !served_->tokens->allow(asked.field("Authorization"))) {
    answer_ = unauthenticated();
    return nullptr;
  }
  if (found == nullptr)
    answer_ = allowed.empty() ? unknown_path(asked) : not_allowed(asked, allowed);
  return found;
}

bool session::is_too_large() const {
  const auto limit = served_->config.max_body_bytes;
  return scratch_->asked.body.size() > limit || parser_->content_length().value_or(0) > limit;
}

asio::awaitable<void> session::receive_body() {
  bool received = true;
  while (received && !parser_->complete() && !is_too_large())
    received = co_await receive();
}

// Else there is an answer, or the client has gone.
bool session::has_whole_body() {
  if (!answer_ && is_too_large())
    answer_ = too_large(served_->config.max_body_bytes);
  return !answer_ && parser_->complete();
}

// Feeds the parser with what is there. Whether it took anything.
bool session::feed() {
  auto& input = scratch_->input;
  if (input.size() == 0)
    return false;
  const auto bytes = input.data();
  const auto taken = parser_->feed({static_cast<const char*>(bytes.data()), bytes.size()});
  input.consume(taken);
  if (const auto& refused = parser_->refused())
    answer_ = error_response(refused->why, refused->status);
  return taken > 0;
}

// Feeds the parser with what is there, or else with what comes next.
asio::awaitable<bool> session::receive() {
  bool received = feed() || parser_->refused();
  if (!received) {
    received = co_await receive_more();
    if (received)
      feed();
  }
  co_return received && !parser_->refused();
}

asio::awaitable<bool> session::receive_more() {
  if (!continued_) {
    continued_ = true;
    const bool sent = co_await send_rest(send_now("HTTP/1.1 100 Continue\r\n\r\n", {}));
    if (!sent)
      co_return false;
  }
  auto& input = scratch_->input;
  // The parser refuses what it can't take and is larger than a header may be, so there is room.
  const auto most = std::max(input_bytes, served_->config.max_header_bytes + 1);
  boost::system::error_code problem;
  const auto count = co_await socket_.async_read_some(
      input.prepare(most - input.size()), asio::redirect_error(asio::use_awaitable, problem));
  input.commit(count);
  if (!problem)
    co_return true;
  ends_ = true;
  const bool anything = parser_->has_head() || input.size() > 0;
  if (expired_ && anything)
    answer_ =
        error_response({errc::deadline_exceeded, "the request did not come within its time"}, 408);
  co_return false;
}

void session::begin_call(const unary_handler& handler) {
  instead_.reset();
  when_gone_ = nullptr;
  expect_within(served_->config.answer_timeout);
  try {
    handler(scratch_->asked, responder{loop_.inbox(), {weak_from_this(), call_}});
  } catch (const std::exception& problem) {
    spdlog::error("the handler of {} failed: {}", scratch_->asked.path(), problem.what());
    answer_ = error_response({errc::internal, "the call failed inside of the service"});
  }
}

asio::awaitable<void> session::wait_for_answer() {
  waits_for_answer_ = true;
  wake_.expires_at(time_point::max());
  if (when_gone_)
    watch_client();
  boost::system::error_code woken;
  co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  waits_for_answer_ = false;
  if (when_gone_) {
    ++watch_;
    when_gone_ = nullptr;
    socket_.cancel();
  }
}

asio::awaitable<void> session::call(const streamed_handler& handler) {
  waited_ = {};
  moved_ = 0;
  scratch_->read = 0;
  deadline_ = time_point::max();
  try {
    co_await handler(scratch_->asked, *this);
  } catch (const std::exception& problem) {
    spdlog::error("the handler of {} failed: {}", scratch_->asked.path(), problem.what());
    answer_ = error_response({errc::internal, "the call failed inside of the service"});
  }
  if (owed_ > 0)
    ends_ = true; // cut: what was sent must not pass for the whole
  if (answer_begun_)
    answer_.reset();
  else if (!answer_)
    answer_ = error_response({errc::unavailable, "the call was dropped without an answer"});
}

std::optional<std::uint64_t> session::content_length() const {
  return parser_->content_length();
}

asio::awaitable<result<std::string_view>> session::read() {
  auto& body = scratch_->asked.body;
  body.erase(0, scratch_->read);
  while (body.empty() && !parser_->complete()) {
    expect_progress();
    const bool received = co_await receive();
    made_progress(body.size());
    if (parser_->refused())
      co_return parser_->refused()->why;
    if (!received)
      co_return expired_ ? error{errc::deadline_exceeded, "the client is too slow"}
                         : error{errc::canceled, "the client has gone"};
  }
  scratch_->read = body.size();
  co_return std::string_view{body};
}

void session::respond(response answer) {
  answer_ = std::move(answer);
}

// An answer that comes before the request has been read to its end is the connection's last.
session::unsent session::send_answer() {
  ends_ = ends_ || !parser_->complete() || answer_->close || loop_.draining();
  expect_within(served_->config.write_timeout);
  make_head(*answer_, answer_->body.size());
  if (is_head_)
    return send_now(scratch_->out, {});
  if (answer_->body.size() > most_copied)
    return send_now(scratch_->out, answer_->body);
  scratch_->out += answer_->body;
  return send_now(scratch_->out, {});
}

asio::awaitable<bool> session::begin(const response& head, std::uint64_t size) {
  ends_ = ends_ || !parser_->complete() || loop_.draining();
  owed_ = is_head_ ? 0 : size;
  expect_progress();
  make_head(head, size);
  const bool sent = co_await send_rest(send_now(scratch_->out, {}));
  made_progress(0);
  co_return sent;
}

asio::awaitable<bool> session::write(std::string_view bytes) {
  if (is_head_)
    co_return true;
  expect_progress();
  const bool sent = co_await send_rest(send_now(bytes, {}));
  made_progress(bytes.size());
  if (sent)
    owed_ -= std::min<std::uint64_t>(owed_, bytes.size());
  co_return sent;
}

void session::make_head(const response& head, std::uint64_t body_size) {
  answer_begun_ = true;
  auto& out = scratch_->out;
  out.clear();
  append_head(out, head,
              {.content_length = body_size, .keep_alive = !ends_, .http_1_0 = parser_->http_1_0()});
}

// Most answers are taken at once, without another turn of the loop. What is not is returned.
session::unsent session::send_now(std::string_view first, std::string_view second) {
  unsent rest{asio::buffer(first), asio::buffer(second)};
  boost::system::error_code problem;
  auto sent = second.empty() ? socket_.write_some(rest.front(), problem)
                             : socket_.write_some(rest, problem);
  if (problem && problem != asio::error::would_block) {
    ends_ = broken_ = true;
    return {};
  }
  for (auto& part : rest) {
    const auto of_part = std::min(sent, part.size());
    part += of_part;
    sent -= of_part;
  }
  return rest;
}

asio::awaitable<bool> session::send_rest(unsent rest) {
  boost::system::error_code problem;
  if (asio::buffer_size(rest) > 0)
    co_await asio::async_write(socket_, rest, asio::redirect_error(asio::use_awaitable, problem));
  if (problem)
    ends_ = broken_ = true;
  co_return !broken_;
}

bool session::has_unread() {
  boost::system::error_code gone; // then there is nothing to be read
  return !parser_->complete() || scratch_->input.size() > 0 || socket_.available(gone) > 0;
}

// Readable and nothing to be read: the client has gone. One that sends its next request already is
// not watched any more.
void session::watch_client() {
  socket_.async_wait(socket::wait_read, [this, self = shared_from_this(), watch = ++watch_](
                                            const boost::system::error_code& problem) {
    boost::system::error_code broken;
    if (problem || watch != watch_ || socket_.available(broken) > 0)
      return;
    ends_ = true;
    when_gone_();
    give_answer(error_response({errc::canceled, "the client has gone"}));
  });
}

// With unread bytes a close would be a reset, which takes the answer from the client's hands.
asio::awaitable<void> session::linger() {
  boost::system::error_code problem;
  socket_.shutdown(socket::shutdown_send, problem);
  expect_within(served_->config.linger_timeout);
  auto& input = scratch_->input;
  for (std::uint64_t seen = 0; !problem && seen < most_lingered;) {
    input.clear();
    seen += co_await socket_.async_read_some(input.prepare(input_bytes),
                                             asio::redirect_error(asio::use_awaitable, problem));
  }
}

// A stream may stand still for the grace; what goes beyond must keep up the rate.
void session::expect_progress() {
  const auto& config = served_->config;
  const auto earned = std::chrono::seconds{moved_ / config.min_stream_rate};
  began_waiting_ = steady::now();
  expired_ = false;
  deadline_ = began_waiting_ + std::max<duration>(config.stream_grace + earned - waited_,
                                                  std::chrono::milliseconds{1});
}

void session::made_progress(std::size_t bytes) {
  waited_ += steady::now() - began_waiting_;
  moved_ += bytes;
  deadline_ = time_point::max();
}

} // namespace deja::http
