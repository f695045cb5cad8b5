#include <deja/transport/connect/event_loop.hpp>

#include <deja/transport/connect/session.hpp>

#include <boost/asio/post.hpp>

namespace deja::http {

namespace {

// To the session that waits for it, if it still does.
void hand_over(const session_call& call, response answer) {
  if (const auto waiting = call.caller.lock())
    waiting->answered(call.number, std::move(answer));
}

} // namespace

void loop_inbox::answer(const session_call& call, response answer) {
  std::unique_lock lock{mutex_};
  if (loop_ == nullptr)
    return;
  if (loop_->on_thread()) {
    lock.unlock();
    hand_over(call, std::move(answer));
    return;
  }
  answers_.emplace_back(call, std::move(answer));
  // One wake-up for all answers that come before the loop gets to them.
  if (answers_.size() == 1)
    boost::asio::post(loop_->context(), [this] { deliver(); });
}

void loop_inbox::post(std::function<void()> task) {
  const std::lock_guard lock{mutex_};
  if (loop_ != nullptr)
    boost::asio::post(loop_->context(), std::move(task));
}

void loop_inbox::close() {
  const std::lock_guard lock{mutex_};
  loop_ = nullptr;
}

void loop_inbox::deliver() {
  std::vector<std::pair<session_call, response>> came;
  {
    const std::lock_guard lock{mutex_};
    came.swap(answers_);
  }
  for (auto& [call, answer] : came)
    hand_over(call, std::move(answer));
}

event_loop::event_loop(duration sweep)
    : work_(boost::asio::make_work_guard(context_)), sweeper_(context_), sweep_interval_(sweep),
      inbox_(std::make_shared<loop_inbox>(*this)) {}

event_loop::~event_loop() {
  inbox_->close();
}

void event_loop::run() {
  thread_ = std::this_thread::get_id();
  context_.run();
}

void event_loop::add(session& one) {
  sessions_.insert(&one);
  if (!sweeping_)
    sweep();
}

void event_loop::remove(session& one) {
  sessions_.erase(&one);
  if (sessions_.empty())
    sweeper_.cancel(); // a last sweep, for the timer would keep the loop alive
}

void event_loop::drain() {
  draining_ = true;
  for (auto* const one : sessions_)
    one->drain();
}

void event_loop::cut() {
  draining_ = true;
  for (auto* const one : sessions_)
    one->cut();
}

std::unique_ptr<scratch> event_loop::take_scratch() {
  if (spare_.empty())
    return std::make_unique<scratch>();
  auto taken = std::move(spare_.back());
  spare_.pop_back();
  return taken;
}

void event_loop::give_back(std::unique_ptr<scratch> used) {
  constexpr std::size_t kept = 32;
  if (spare_.size() < kept)
    spare_.push_back(std::move(used));
}

// Where the thread stood still since the last sweep, so did the calls: what clients and handlers
// did meanwhile is not seen yet, and deadlines that are counted from that sweep are too early.
void event_loop::sweep() {
  const auto now = std::chrono::steady_clock::now();
  const auto late = sweeping_ ? now - swept_ - sweep_interval_ : duration::zero();
  swept_ = now;
  for (auto* const one : sessions_) {
    if (late > sweep_interval_)
      one->put_deadline_off(late);
    one->check_deadline(now);
  }
  sweeping_ = !sessions_.empty();
  if (!sweeping_)
    return;
  sweeper_.expires_after(sweep_interval_);
  sweeper_.async_wait([this](const boost::system::error_code&) { sweep(); });
}

} // namespace deja::http
