#include <deja/app/load/worker.hpp>

#include <array>

#include <sys/epoll.h>

// A worker's connections: how calls get out and answers in.

namespace deja::app::load {

namespace {

using namespace std::chrono_literals;

} // namespace

void worker::open(connection& at) {
  at.reader.reset();
  at.is = connection::state::connecting;
  if (at.socket.open() == stream::progress::failed) {
    fail(at, errc::unavailable, at.socket.problem());
    return;
  }
  ::epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = &at;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, at.socket.descriptor(), &event);
  at.is_watched_for_writing = true;
}

void worker::watch(connection& at, bool writable) {
  if (at.is_watched_for_writing == writable)
    return;
  ::epoll_event event{};
  event.events = writable ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &at;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, at.socket.descriptor(), &event);
  at.is_watched_for_writing = writable;
}

void worker::poll(time_point until) {
  std::array<::epoll_event, 256> events;
  const auto left = std::max<std::chrono::nanoseconds>(until - steady::now(), 0ns);
  ::timespec wait{};
  wait.tv_sec = static_cast<::time_t>(left / 1s);
  wait.tv_nsec = static_cast<long>((left % 1s).count());
  const auto count =
      ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &wait, nullptr);
  now_ = steady::now();
  for (int n = 0; n < count; ++n) {
    const auto& event = events[static_cast<std::size_t>(n)];
    on_event(*static_cast<connection*>(event.data.ptr), event.events);
    if (plan_)
      start_requests(); // at once, not when all the others have been looked at
  }
}

void worker::on_event(connection& at, std::uint32_t events) {
  if (at.is == connection::state::connecting) {
    switch (at.socket.shake_hands()) {
    case stream::progress::done:
      on_connected(at);
      return;
    case stream::progress::wants_read:
      watch(at, false);
      return;
    case stream::progress::wants_write:
      watch(at, true);
      return;
    case stream::progress::failed:
      fail(at, errc::unavailable, at.socket.problem());
      return;
    }
  }
  if (at.is != connection::state::open)
    return;
  if ((events & EPOLLOUT) != 0 && at.is_busy)
    write(at);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && at.is == connection::state::open)
    read(at);
}

void worker::on_connected(connection& at) {
  at.is = connection::state::open;
  at.pause = 0ms;
  watch(at, false);
  if (at.is_busy)
    send_call(at);
}

void worker::read(connection& at) {
  const auto space = at.reader.space();
  std::size_t count = 0;
  switch (at.socket.read(space, count)) {
  case stream::progress::failed:
    if (at.is_busy)
      fail(at, errc::unavailable, at.socket.problem());
    else
      close(at);
    return;
  case stream::progress::wants_read:
  case stream::progress::wants_write:
    return;
  case stream::progress::done:
    break;
  }
  seen_.all.bytes_received += count;
  if (!at.is_busy) { // an idle connection that the service closes
    close(at);
    return;
  }
  const auto done = at.reader.took(count);
  if (!done)
    fail(at, done.error().code, done.error().message);
  else if (*done)
    on_answer(at);
}

void worker::on_answer(connection& at) {
  now_ = steady::now();
  ++seen_.all.calls;
  context_.seen.reached(now_);
  const auto failed =
      work_.read(at.request, at.reader.status(), at.reader.content_type(), at.reader.body());
  note(at, !failed);
  const auto how = failed ? *failed : work_.judge(at.request);
  if (at.reader.can_go_on())
    at.reader.next();
  else
    close(at);
  if (how.is_done)
    finish(at, how);
  else
    send_call(at);
}

// In the history.
void worker::note(connection& at, bool is_known) {
  if (!context_.history)
    return;
  if (is_known) {
    if (!context_.history->add(at.client, context_.shared.texts, at.request, at.called, now_))
      at.client = context_.history->new_client();
  } else if (at.was_sent) {
    context_.history->add_unknown(at.client, context_.shared.texts, at.request, at.called);
    at.client = context_.history->new_client();
  }
}

void worker::send_call(connection& at) {
  at.was_sent = false;
  if (at.is == connection::state::connecting)
    return; // it is sent when there is a connection
  if (at.is != connection::state::open) {
    open(at);
    return;
  }
  at.out.clear();
  work_.write(at.request, at.out);
  at.sent = 0;
  at.called = steady::now();
  write(at);
}

void worker::write(connection& at) {
  while (at.sent < at.out.size()) {
    std::size_t count = 0;
    switch (at.socket.write(std::string_view{at.out}.substr(at.sent), count)) {
    case stream::progress::done:
      at.sent += count;
      at.was_sent = true;
      seen_.all.bytes_sent += count;
      break;
    case stream::progress::failed:
      fail(at, errc::unavailable, at.socket.problem());
      return;
    case stream::progress::wants_read:
      return;
    case stream::progress::wants_write:
      watch(at, true);
      return;
    }
  }
  watch(at, false);
}

void worker::close(connection& at) {
  at.socket.close();
  at.is_watched_for_writing = false;
  at.is = connection::state::closed;
}

} // namespace deja::app::load
