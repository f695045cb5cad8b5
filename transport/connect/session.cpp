#include <deja/transport/connect/session.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
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

void session::answered(response answer) {
  answer_ = std::move(answer);
  wake_.cancel();
}

void session::give_up_after(duration limit, response instead) {
  instead_ = std::move(instead);
  deadline_ = std::min(deadline_, steady::now() + limit);
}

void session::when_gone(std::function<void()> leave) {
  when_gone_ = std::move(leave);
}

void session::check_deadline(time_point now) {
  if (now < deadline_)
    return;
  if (waits_for_answer_) {
    deadline_ = time_point::max();
    answered(instead_ ? std::move(*instead_)
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
    answered(error_response({errc::unavailable, "the service is shutting down"}));
}

void session::expect_within(duration limit) {
  expired_ = false;
  deadline_ = steady::now() + limit;
}

asio::awaitable<void> session::serve(std::shared_ptr<session>) {
  try {
    for (;;) {
      co_await wait_for_request();
      if (!scratch_)
        break;
      co_await serve_request();
      parser_.reset();
      if (ends_)
        break;
      if (scratch_->input.size() == 0)
        loop_.give_back(std::move(scratch_));
    }
  } catch (const std::exception& problem) {
    spdlog::error("a connection was ended by a failure: {}", problem.what());
  }
}

// Takes the scratch memory once there is something to read; without it the connection is over.
asio::awaitable<void> session::wait_for_request() {
  if (scratch_ || ends_)
    co_return;
  boost::system::error_code problem;
  expect_within(served_->config.idle_timeout);
  const auto count = co_await socket_.async_read_some(
      asio::buffer(first_), asio::redirect_error(asio::use_awaitable, problem));
  if (problem || ends_)
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
  co_await make_answer();
  if (answer_)
    co_await send_answer();
  const bool sent = answer_begun_ && owed_ == 0 && !broken_;
  if (sent && ends_ && has_unread())
    co_await linger();
}

// Leaves an answer to be sent, unless one was sent already or the client has gone.
asio::awaitable<void> session::make_answer() {
  const auto& asked = scratch_->asked;
  expect_within(served_->config.receive_timeout);
  while (!parser_->has_head())
    if (!co_await receive())
      co_return;
  continued_ = !parser_->expects_continue();
  is_head_ = asked.method() == "HEAD";
  ends_ = ends_ || !parser_->keep_alive();
  const auto [found, allowed] = served_->routes.find(asked.method(), asked.path());
  const bool open = found != nullptr && found->open;
  if (!open && served_->tokens && !served_->tokens->allow(asked.field("Authorization")))
    answer_ = unauthenticated();
  else if (found == nullptr)
    answer_ = allowed.empty() ? unknown_path(asked) : not_allowed(asked, allowed);
  else if (const auto* unary = std::get_if<unary_handler>(&found->handler))
    co_await call(*unary);
  else
    co_await call(std::get<streamed_handler>(found->handler));
}

asio::awaitable<bool> session::receive_body() {
  const auto limit = served_->config.max_body_bytes;
  const auto& body = scratch_->asked.body;
  const auto is_too_large = [&] {
    return body.size() > limit || parser_->content_length().value_or(0) > limit;
  };
  while (!parser_->complete() && !is_too_large())
    if (!co_await receive())
      co_return false;
  if (is_too_large())
    answer_ = too_large(limit);
  co_return !answer_;
}

// Feeds the parser with what is there, or else with what comes next.
asio::awaitable<bool> session::receive() {
  auto& input = scratch_->input;
  const auto feed = [&] {
    const auto bytes = input.data();
    const auto taken = parser_->feed({static_cast<const char*>(bytes.data()), bytes.size()});
    input.consume(taken);
    return taken;
  };
  bool fed = input.size() > 0 && feed() > 0;
  if (!fed && !parser_->refused()) {
    if (!co_await receive_more())
      co_return false;
    feed();
  }
  if (const auto& refused = parser_->refused()) {
    answer_ = error_response(refused->why, refused->status);
    co_return false;
  }
  co_return true;
}

asio::awaitable<bool> session::receive_more() {
  if (!continued_) {
    continued_ = true;
    if (!co_await send_bytes("HTTP/1.1 100 Continue\r\n\r\n", {}))
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

asio::awaitable<void> session::call(const unary_handler& handler) {
  if (!co_await receive_body())
    co_return;
  instead_.reset();
  when_gone_ = nullptr;
  const auto number = loop_.begin_call(*this);
  expect_within(served_->config.answer_timeout);
  try {
    handler(scratch_->asked, responder{loop_.inbox(), number});
  } catch (const std::exception& problem) {
    spdlog::error("the handler of {} failed: {}", scratch_->asked.path(), problem.what());
    answer_ = error_response({errc::internal, "the call failed inside of the service"});
  }
  if (!answer_) {
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
  loop_.end_call(number);
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
asio::awaitable<void> session::send_answer() {
  ends_ = ends_ || !parser_->complete() || answer_->close || loop_.draining();
  expect_within(served_->config.write_timeout);
  const std::string_view body = is_head_ ? std::string_view{} : answer_->body;
  co_await send(*answer_, body, answer_->body.size());
}

asio::awaitable<bool> session::begin(const response& head, std::uint64_t size) {
  ends_ = ends_ || !parser_->complete() || loop_.draining();
  owed_ = is_head_ ? 0 : size;
  expect_progress();
  const bool sent = co_await send(head, {}, size);
  made_progress(0);
  co_return sent;
}

asio::awaitable<bool> session::write(std::string_view bytes) {
  if (is_head_)
    co_return true;
  expect_progress();
  const bool sent = co_await send_bytes(bytes, {});
  made_progress(bytes.size());
  if (sent)
    owed_ -= std::min<std::uint64_t>(owed_, bytes.size());
  co_return sent;
}

asio::awaitable<bool> session::send(const response& head, std::string_view body,
                                    std::uint64_t body_size) {
  answer_begun_ = true;
  auto& out = scratch_->out;
  out.clear();
  append_head(out, head,
              {.content_length = body_size, .keep_alive = !ends_, .http_1_0 = parser_->http_1_0()});
  co_return co_await send_bytes(out, body);
}

asio::awaitable<bool> session::send_bytes(std::string_view first, std::string_view second) {
  std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
  boost::system::error_code problem;
  // Most answers are taken at once, without another turn of the loop.
  auto sent = socket_.write_some(buffers, problem);
  if (problem == asio::error::would_block)
    problem.clear();
  for (auto& part : buffers) {
    const auto of_part = std::min(sent, part.size());
    part += of_part;
    sent -= of_part;
  }
  if (!problem && asio::buffer_size(buffers) > 0)
    co_await asio::async_write(socket_, buffers,
                               asio::redirect_error(asio::use_awaitable, problem));
  if (problem)
    ends_ = broken_ = true;
  co_return !problem;
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
    answered(error_response({errc::canceled, "the client has gone"}));
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
