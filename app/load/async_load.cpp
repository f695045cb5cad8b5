#include <deja/app/load/async_load.hpp>

#include <deja/app/load/payload.hpp>
#include <deja/messages/proto_bytes.hpp>
#include <deja/transport/blob/task_paths.hpp>

#include <ctime>
#include <thread>

namespace deja::app::load {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kinds_of_outputs = 16;
constexpr auto look_interval = 20ms;

/// So long the last answers are waited for when a run is stopped.
constexpr std::chrono::nanoseconds stop_patience = 500ms;

double process_cpu() {
  ::timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

core::LiteralMap literals(const std::string& name, std::int64_t number) {
  core::LiteralMap map;
  (*map.mutable_literals())[name].mutable_scalar()->mutable_primitive()->set_integer(number);
  return map;
}

catalog_key key_without_inputs() {
  catalog_key key;
  auto& task = key.identifier.emplace();
  task.set_resource_type(core::TASK);
  task.set_project(std::string{payload::project});
  task.set_domain(std::string{payload::domain});
  task.set_name("load.task");
  task.set_version("1");
  key.cache_version = "1";
  core::TypedInterface interface;
  auto& input = *interface.mutable_inputs()->add_variables();
  input.set_key("number");
  input.mutable_value()->mutable_type()->set_simple(core::INTEGER);
  key.interface = std::move(interface);
  return key;
}

} // namespace

async_load::async_load(const settings& how, std::uint64_t run, collector& seen,
                       const std::atomic<bool>& is_stopped)
    : how_(how), run_(run), seen_(seen), is_stopped_(is_stopped), key_(key_without_inputs()),
      lanes_(how.connections) {
  for (std::size_t at = 0; at < lanes_.size(); ++at)
    free_.push_back(at);
}

result<void> async_load::start() {
  auto store = open_blob_store("mem://load");
  if (!store)
    return store.error();
  store_ = std::move(*store);
  const payload texts{how_.seed, run_, how_.sizes};
  for (std::uint64_t number = 0; number < kinds_of_outputs; ++number) {
    std::string value;
    texts.append_value(value, {key_space::fresh, number}, 0);
    core::LiteralMap map;
    (*map.mutable_literals())["value"].mutable_scalar()->mutable_primitive()->set_string_value(
        value);
    outputs_.push_back(serialize(map));
    if (auto written = store_->write(outputs_path(prefix_of(number)), outputs_.back()); !written)
      return written;
  }
  catalog_config config{.service = how_.target, .token = how_.access_token, .own_store = store_};
  config.timeout = how_.timeout;
  config.connections.workers = how_.connections;
  if (auto valid = config.validate(); !valid)
    return valid;
  catalog_.emplace(config);
  return catalog_->start();
}

std::string async_load::prefix_of(std::uint64_t task) const {
  return "mem://load/" + std::to_string(task % kinds_of_outputs);
}

shared<catalog_key> async_load::key_of(std::uint64_t task) const {
  auto key = key_;
  // New in each run.
  key.inputs =
      shared<core::LiteralMap>{literals("number", static_cast<std::int64_t>((run_ >> 1) + task))};
  return key;
}

void async_load::run(const rate_plan& plan, const std::function<void()>& watch) {
  const auto begin = steady::now();
  if (!std::exchange(is_started_, true))
    seen_.start(begin);
  std::atomic<bool> is_done = false;
  std::jthread driver{[&] {
    drive(plan, begin);
    is_done = true;
  }};
  while (!is_done)
    watch();
}

void async_load::drive(const rate_plan& plan, steady::time_point begin_time) {
  const auto at_time = [&](double seconds) {
    return begin_time + std::chrono::duration_cast<steady::duration>(
                            std::chrono::duration<double>(std::min(seconds, 1e9)));
  };
  const auto end = at_time(plan.length());
  std::optional<arrivals> due;
  if (plan.is_open())
    due.emplace(plan, how_.arrival, how_.seed, 0, 1);
  auto counted = due;
  cpu_ = process_cpu();
  std::optional<steady::time_point> give_up; // what has not ended
  for (;;) {
    const auto now = steady::now();
    if (counted && !give_up) // nothing is due after the end, or when it is stopped
      for (; at_time(counted->next()) <= now; counted->advance())
        ++now_.all.due;
    if (now >= seen_.end_of(interval_) && now < end)
      hand_over(true);
    const bool goes_on = now < end && !is_stopped_;
    if (!goes_on && !give_up)
      give_up = now + (is_stopped_ ? stop_patience : how_.timeout);
    auto until = now + look_interval;
    if (now < end)
      until = std::min(until, seen_.end_of(interval_));
    while (goes_on && !free_.empty() && (!due || at_time(due->next()) <= now)) {
      const auto at = free_.front();
      free_.pop_front();
      begin(at, due ? at_time(due->next()) : now);
      if (due)
        due->advance();
      else
        ++now_.all.due;
    }
    if (due && !free_.empty())
      until = std::min(until, at_time(due->next()));
    if (!goes_on && (free_.size() == lanes_.size() || now >= *give_up))
      break;
    for (const auto& one : take_ended(until))
      finish(one, steady::now());
  }
  hand_over(false);
}

void async_load::begin(std::size_t at, steady::time_point due) {
  lanes_[at].due = due;
  if (lanes_[at].is_uploaded) {
    download(at);
    return;
  }
  lanes_[at].first = next_task_;
  next_task_ += how_.batch;
  upload(at);
}

void async_load::upload(std::size_t at) {
  std::vector<catalog_put> puts;
  for (std::uint64_t n = 0; n < how_.batch; ++n) {
    const auto task = lanes_[at].first + n;
    puts.push_back({.key = key_of(task), .outputs = outputs_under{prefix_of(task)}, .source = {}});
    core::TaskExecutionIdentifier made;
    *made.mutable_task_id() = *key_.identifier;
    puts.back().source.task = std::move(made);
  }
  catalog_->upload(std::move(puts)).on_ready([this, at](const auto& all) {
    if (!all)
      return tell_failure(at, all.error());
    ended what{.lane = at, .codes = {}};
    for (const auto& one : *all) {
      what.codes.push_back(one ? errc::ok : one.error().code);
      if (!one)
        what.why = one.error().message;
      else if (*one == put_status::already_other)
        what.wrong = "upload of a new task met other outputs";
    }
    tell(std::move(what));
  });
}

void async_load::download(std::size_t at) {
  std::vector<download_request> requests;
  for (std::uint64_t n = 0; n < how_.batch; ++n)
    requests.push_back({key_of(lanes_[at].first + n), std::nullopt});
  catalog_->download(std::move(requests)).on_ready([this, at](const auto& all) {
    if (!all)
      return tell_failure(at, all.error());
    ended what{.lane = at, .codes = {}};
    for (std::size_t n = 0; n < all->size(); ++n) {
      const auto& one = (*all)[n];
      what.codes.push_back(one ? errc::ok : one.error().code);
      if (!one)
        what.why = one.error().message;
      else if (!one->cached)
        what.wrong = "download of a task was a miss, but its outputs were uploaded";
      else if (serialize(*one->outputs) != outputs_[(lanes_[at].first + n) % kinds_of_outputs])
        what.wrong = "download of a task gave other outputs than were uploaded";
    }
    tell(std::move(what));
  });
}

// From any thread.
void async_load::tell_failure(std::size_t at, const error& why) {
  tell({.lane = at, .codes = {why.code}, .why = why.message});
}

void async_load::tell(ended what) {
  {
    const std::lock_guard lock{mutex_};
    ended_.push_back(std::move(what));
  }
  changed_.notify_one();
}

std::vector<async_load::ended> async_load::take_ended(steady::time_point until) {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, until, [this] { return !ended_.empty(); });
  return std::exchange(ended_, {});
}

void async_load::finish(const ended& what, steady::time_point now) {
  auto& at = lanes_[what.lane];
  auto failed = errc::ok;
  for (const auto code : what.codes)
    if (code != errc::ok)
      failed = code;
  ++now_.all.requests;
  if (!what.wrong.empty()) {
    ++now_.all.wrong;
    seen_.add_violation(now, what.wrong);
  } else if (failed != errc::ok) {
    ++now_.all.errors[static_cast<std::size_t>(failed)];
    seen_.add_text(failed, what.why);
  } else {
    ++now_.all.ok;
  }
  now_.of(at.is_uploaded ? operation::download : operation::upload)
      .record(static_cast<std::uint64_t>((now - at.due).count()));
  at.is_uploaded = !at.is_uploaded && failed == errc::ok && what.wrong.empty();
  free_.push_back(what.lane);
}

void async_load::hand_over(bool is_over) {
  const auto used = process_cpu();
  now_.cpu = used - cpu_;
  cpu_ = used;
  seen_.add(0, interval_, now_, is_over, steady::now());
  if (is_over)
    ++interval_;
}

} // namespace deja::app::load
