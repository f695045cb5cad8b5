#include <deja/app/load/worker.hpp>

#include <algorithm>
#include <ctime>

#include <sys/epoll.h>
#include <sys/prctl.h>

namespace deja::app::load {

namespace {

using namespace std::chrono_literals;

/// How often timeouts are looked for, and at most how late a run notices that it is stopped.
constexpr auto look_interval = 20ms;

/// Later than this, the harness is late.
constexpr auto punctual = 1ms;

constexpr auto first_pause = 10ms, longest_pause = 160ms;

/// So long the last answers are waited for when a run is stopped.
constexpr auto stop_patience = 500ms;

double thread_cpu() {
  ::timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

steady::time_point after(steady::time_point start, double seconds) {
  return start + std::chrono::duration_cast<steady::duration>(
                     std::chrono::duration<double>(std::min(seconds, 1e9)));
}

std::chrono::nanoseconds catch_up(double length) {
  return std::min<std::chrono::nanoseconds>(
      500ms, std::chrono::nanoseconds{static_cast<std::int64_t>(length * 1e8)});
}

bool is_unreached(errc code) {
  return code == errc::unavailable;
}

} // namespace

worker::worker(const run_context& context, unsigned thread, unsigned connections)
    : context_(context), thread_(thread), work_(context.how, context.shared, thread),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  const bool has_errands = context.how.mix[static_cast<std::size_t>(operation::wait)] > 0;
  for (unsigned n = 0; n < connections + has_errands; ++n) {
    connections_.emplace_back(context.streams);
    if (context.history)
      connections_.back().client = context.history->new_client();
  }
  if (has_errands)
    helper_ = &connections_.back();
}

void worker::connect(std::chrono::nanoseconds patience) {
  // Timers fire when they are due, not up to 50 us later.
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  for (auto& one : connections_)
    if (one.is == connection::state::closed)
      open(one);
  const auto end = steady::now() + patience;
  const auto is_under_way = [](const connection& one) {
    return one.is == connection::state::connecting;
  };
  for (now_ = steady::now();
       now_ < end && !context_.is_stopped && std::ranges::any_of(connections_, is_under_way);
       now_ = steady::now())
    poll(std::min(end, now_ + look_interval));
}

void worker::run(const rate_plan& plan, time_point start) {
  start_ = start;
  end_ = after(start, plan.length());
  is_exhausted_ = false;
  due_.reset();
  counted_.reset();
  if (plan.is_open()) {
    const auto seed = context_.how.seed * 1000 + thread_ + 500;
    due_.emplace(plan, context_.how.arrival, seed, thread_, context_.how.threads);
    counted_ = due_;
  }
  free_.clear();
  busy_ = down_ = 0;
  for (auto& one : connections_)
    if (one.is == connection::state::down)
      ++down_;
    else if (&one != helper_)
      free_.push_back(&one);
  cpu_ = thread_cpu();
  for (now_ = steady::now(); now_ < start_ && !context_.is_stopped; now_ = steady::now())
    poll(std::min(start_, now_ + look_interval));
  plan_ = &plan;
  next_look_ = now_;
  stopped_.reset();
  while (true) {
    now_ = steady::now();
    // The last answers count for the plan's last interval.
    if (now_ >= context_.seen.end_of(interval_) && now_ < end_)
      hand_over(false);
    if (now_ >= next_look_)
      look_after_connections();
    if (context_.is_stopped && !stopped_)
      stopped_ = now_;
    start_requests();
    start_errands();
    if (is_finished() || (stopped_ && now_ >= *stopped_ + stop_patience))
      break;
    auto until = next_look_;
    if (now_ < end_)
      until = std::min({until, end_, context_.seen.end_of(interval_)});
    if (due_ && !free_.empty() && !context_.is_stopped)
      until = std::min(until, after(start_, due_->next()));
    poll(until);
  }
  for (auto& one : connections_)
    if (one.is_busy) {
      note(one, false);
      work_.abandon(one.request, one.was_sent);
      one.is_busy = false;
      close(one);
    }
  hand_over(true);
  plan_ = nullptr;
}

bool worker::is_finished() const {
  if (busy_ > 0)
    return false;
  // What is due at a rate takes the plan's time, though its last request may be due well before.
  const bool is_over = due_ ? is_exhausted_ && now_ >= end_ : is_exhausted_ || now_ >= end_;
  return is_over || context_.is_stopped;
}

void worker::start_requests() {
  if (is_exhausted_ || context_.is_stopped)
    return;
  if (!due_) {
    while (!free_.empty() && now_ < end_ && !is_exhausted_) {
      auto& one = *free_.front();
      free_.pop_front();
      is_exhausted_ = !start_next(one, now_);
    }
    return;
  }
  const bool is_away = down_ > 0 && busy_ == 0 && free_.empty();
  for (auto due = after(start_, due_->next()); due <= now_; due = after(start_, due_->next())) {
    if (now_ - due > context_.how.timeout) {
      fail_unsent(errc::deadline_exceeded, "it waited for a free connection until it was too late",
                  due);
    } else if (!free_.empty()) {
      if (now_ - std::max(due, free_since_) > punctual)
        ++seen_.all.late;
      auto& one = *free_.front();
      free_.pop_front();
      start_next(one, due);
    } else if (is_away) {
      fail_unsent(errc::unavailable, "the service can't be reached", due);
    } else {
      break;
    }
    due_->advance();
  }
  // A run that is late may catch up a little; what could not be sent by then is left.
  is_exhausted_ = due_->next() > plan_->length() || now_ >= end_ + catch_up(plan_->length());
}

bool worker::start_next(connection& at, time_point due) {
  if (!work_.start(at.request)) {
    lay_free(at);
    return false;
  }
  at.is_busy = true;
  at.due = due;
  ++busy_;
  if (!plan_->is_open())
    ++seen_.all.due;
  send_call(at);
  return true;
}

void worker::start_errands() {
  if (!helper_ || helper_->is_busy || !work_.has_errands() ||
      helper_->is == connection::state::down)
    return;
  work_.start_errand(helper_->request);
  helper_->is_busy = true;
  helper_->due = now_;
  send_call(*helper_);
}

// What it is at has failed, and the connection with it.
void worker::fail(connection& at, errc code, const std::string& why) {
  const bool was_connecting = at.is == connection::state::connecting;
  close(at);
  if (was_connecting) {
    at.is = connection::state::down;
    at.pause = std::clamp<std::chrono::milliseconds>(at.pause * 2, first_pause, longest_pause);
    at.retry = now_ + at.pause;
    ++down_;
    context_.seen.add_unreached(now_, code, at.is_busy && &at != helper_ ? 1 : 0);
  }
  context_.seen.add_text(code, why);
  if (!at.is_busy) {
    std::erase(free_, &at);
    return;
  }
  if (&at != helper_ && !at.was_sent && at.request.step == 0)
    ++seen_.all.unsent;
  note(at, false);
  work_.abandon(at.request, at.was_sent);
  finish(at, {.code = code});
}

void worker::fail_unsent(errc code, const char* why, time_point due) {
  ++seen_.all.requests;
  ++seen_.all.unsent;
  ++seen_.all.errors[static_cast<std::size_t>(code)];
  context_.seen.add_text(code, why);
  if (is_unreached(code))
    context_.seen.add_unreached(now_, code, 1);
  else
    seen_.of(work_.commonest()).record(static_cast<std::uint64_t>((now_ - due).count()));
}

void worker::finish(connection& at, const verdict& how) {
  at.is_busy = false;
  if (&at == helper_)
    return;
  --busy_;
  ++seen_.all.requests;
  if (!how.wrong.empty()) {
    ++seen_.all.wrong;
    context_.seen.add_violation(now_, how.wrong);
  } else if (how.code != errc::ok) {
    ++seen_.all.errors[static_cast<std::size_t>(how.code)];
    if (!how.why.empty())
      context_.seen.add_text(how.code, how.why);
  } else {
    ++seen_.all.ok;
  }
  // What was not answered has no latency, but for what was waited for in vain.
  if (!is_unreached(how.code) || at.is == connection::state::open)
    seen_.of(at.request.what).record(static_cast<std::uint64_t>((now_ - at.due).count()));
  if (at.is != connection::state::down)
    lay_free(at);
}

void worker::lay_free(connection& at) {
  if (free_.empty())
    free_since_ = now_;
  free_.push_back(&at);
}

void worker::look_after_connections() {
  next_look_ = now_ + look_interval;
  for (auto& one : connections_) {
    if (one.is == connection::state::down && now_ >= one.retry) {
      one.is = connection::state::closed;
      --down_;
      if (&one != helper_)
        lay_free(one);
    }
    if (one.is_busy && now_ - one.due > context_.how.timeout)
      fail(one, errc::deadline_exceeded, "it was not answered in time");
  }
}

void worker::hand_over(bool at_end) {
  const auto end = at_end ? now_ : context_.seen.end_of(interval_);
  const auto used = thread_cpu();
  seen_.cpu = used - cpu_;
  cpu_ = used;
  if (counted_)
    for (const auto limit = run_time(std::min(end, stopped_.value_or(end)));
         counted_->next() <= limit; counted_->advance())
      ++seen_.all.due;
  context_.seen.add(thread_, interval_, seen_, !at_end, now_);
  if (!at_end)
    ++interval_;
}

} // namespace deja::app::load
