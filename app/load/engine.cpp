#include <deja/app/load/engine.hpp>

#include <latch>
#include <thread>

namespace deja::app::load {

namespace {

using namespace std::chrono_literals;

constexpr auto connect_patience = 5s;
constexpr std::uint32_t filled_at_once = 100;

} // namespace

engine::engine(const settings& how, shared_state& shared, const stream_factory& streams,
               collector& seen, const run_hooks& hooks)
    : seen_(seen) {
  const run_context context{how, shared, streams, seen, hooks.history, hooks.is_stopped};
  for (unsigned thread = 0; thread < how.threads; ++thread)
    workers_.emplace_back(context, thread,
                          how.connections / how.threads + (thread < how.connections % how.threads));
}

void engine::run(const rate_plan& plan, const std::function<void()>& watch) {
  std::latch connected{static_cast<std::ptrdiff_t>(workers_.size())}, started{1};
  std::atomic<std::size_t> at_work = workers_.size();
  steady::time_point start;
  std::vector<std::jthread> threads;
  for (auto& one : workers_)
    threads.emplace_back([&] {
      one.connect(connect_patience);
      connected.count_down();
      started.wait();
      one.run(plan, start);
      --at_work;
    });
  connected.wait();
  start = steady::now() + 2ms;
  if (!is_started_) {
    seen_.start(start);
    is_started_ = true;
  }
  started.count_down();
  while (at_work > 0)
    watch();
}

result<void> fill(const settings& how, shared_state& shared, const stream_factory& streams,
                  const run_hooks& hooks, bool many,
                  const std::function<void(std::uint64_t)>& on_progress) {
  auto filling = how;
  filling.mix = {};
  filling.mix[static_cast<std::size_t>(operation::fill)] = 1;
  filling.batch = many ? filled_at_once : 1;
  constexpr double unlimited = 1e8;
  collector seen{how.threads, unlimited};
  engine workers{filling, shared, streams, seen, hooks};
  const rate_plan plan{{{unlimited, 0, 0}}};
  workers.run(plan, [&] {
    seen.wait_for_second(0, steady::now() + 20ms);
    on_progress(shared.fill_done);
  });
  const auto done = seen.finish();
  if (hooks.is_stopped)
    return error{errc::canceled, "it was stopped"};
  if (shared.fill_done == how.keys)
    return {};
  std::string why = done.violations.empty() ? std::string{} : done.violations.front().what;
  errc code = errc::internal;
  for (std::size_t at = 0; at < done.first_texts.size() && why.empty(); ++at)
    if (done.all.errors[at] > 0) {
      code = errc{static_cast<std::uint8_t>(at)};
      why = std::string{to_string(code)} + ": " + done.first_texts[at];
    }
  return error{code, "only " + std::to_string(shared.fill_done) + " of " +
                         std::to_string(how.keys) + " keys could be put: " + why};
}

} // namespace deja::app::load
