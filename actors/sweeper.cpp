#include <deja/actors/sweeper.hpp>

#include <deja/messages/caf_error.hpp>

#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace deja {

namespace {

/// Touches in one group.
constexpr std::size_t touches_at_once = 1000;

constexpr duration longest_rest = std::chrono::seconds{1};

// What the actor takes beside its interface: its timers.
using self_actor = sweeper_actor::extend<
    // A step is due.
    caf::reacts_to<tick_atom>,
    // Uses are to be recorded.
    caf::reacts_to<write_atom>>;

class sweeper {
public:
  sweeper(self_actor::pointer self, collection_parts parts, std::shared_ptr<access_log> log,
          sweeper_config config, sweeper_report report)
      : self_(self), parts_(std::move(parts)), log_(std::move(log)), config_(std::move(config)),
        report_(std::move(report)), contents_due_(self->clock().now()) {}

  void step() {
    if (!round_)
      begin();
    const auto start = std::chrono::steady_clock::now();
    const auto more = round_->step();
    const duration took = std::chrono::steady_clock::now() - start;
    if (more && *more) {
      self_->delayed_send(self_, rest_after(took), tick_atom_v);
      return;
    }
    if (report_)
      report_(more ? result<collection_report>{round_->report()} : more.error());
    round_.reset();
    self_->delayed_send(self_, config_.every, tick_atom_v);
  }

  // One group at a time: in a large index each use may be another page to write.
  void flush() {
    const auto start = std::chrono::steady_clock::now();
    const bool more = record();
    const duration took = std::chrono::steady_clock::now() - start;
    self_->delayed_send(
        self_, more ? std::min(rest_after(took), config_.flush_every) : config_.flush_every,
        write_atom_v);
  }

  void record_all() {
    while (record()) {
    }
  }

private:
  // Whether there was anything. A use that can't be recorded is lost: the entry only seems older
  // than it is.
  bool record() {
    auto touches = log_->take(touches_at_once);
    if (touches.empty())
      return false;
    (void)parts_.apply(std::move(touches));
    return true;
  }

  duration rest_after(duration work) const {
    return std::min<duration>(config_.rest * work, longest_rest);
  }

  void begin() {
    auto plan = config_.plan;
    const auto now = self_->clock().now();
    if (config_.dropped && config_.dropped->exchange(false)) {
      drop_due_ = now + plan.grace;
      contents_due_ = std::min(contents_due_, drop_due_);
    }
    if (plan.contents && now < contents_due_)
      plan.contents = false;
    if (plan.contents) {
      contents_due_ = now + config_.contents_every;
      if (drop_due_ > now) // this round spares what was dropped last
        contents_due_ = std::min(contents_due_, drop_due_);
    }
    round_.emplace(std::move(plan), parts_);
  }

  self_actor::pointer self_;
  const collection_parts parts_;
  const std::shared_ptr<access_log> log_;
  const sweeper_config config_;
  const sweeper_report report_;
  caf::actor_clock::time_point contents_due_;
  caf::actor_clock::time_point drop_due_{}; // when all that has been dropped may go
  std::optional<collection> round_;
};

struct sweeper_state {
  std::unique_ptr<sweeper> one;
};

self_actor::behavior_type behave(self_actor::stateful_pointer<sweeper_state> self,
                                 const collection_parts& parts,
                                 const std::shared_ptr<access_log>& log,
                                 const sweeper_config& config, const sweeper_report& report) {
  auto& one = self->state.one;
  one = std::make_unique<sweeper>(self, parts, log, config, report);
  self->delayed_send(self, config.flush_every, write_atom_v);
  self->send(self, tick_atom_v);
  return {
      [self, &one](stop_atom) {
        one->record_all();
        self->quit();
        return no_value{};
      },
      [&one](tick_atom) { one->step(); },
      [&one](write_atom) { one->flush(); },
  };
}

} // namespace

result<void> sweeper_config::validate() const {
  using namespace std::chrono_literals;
  const auto span = [](const char* field, duration value) -> result<void> {
    if (value < 1ms || value > 24h)
      return error{errc::invalid_argument, std::string{"sweeper: "} + field + " is " +
                                               std::to_string(value.count()) +
                                               " ns; 1 ms to 24 h are possible"};
    return {};
  };
  if (rest > 1000)
    return error{errc::invalid_argument,
                 "sweeper: rest is " + std::to_string(rest) + "; 0 to 1000 are possible"};
  auto valid = plan.validate();
  if (valid)
    valid = span("every", every);
  if (valid)
    valid = span("contents_every", contents_every);
  if (valid)
    valid = span("flush_every", flush_every);
  return valid;
}

sweeper_actor spawn_sweeper(caf::actor_system& system, collection_parts parts,
                            std::shared_ptr<access_log> log, sweeper_config config,
                            sweeper_report report) {
  config.validate().value();
  if (config.own_thread)
    return system.spawn<caf::detached>(behave, std::move(parts), std::move(log), std::move(config),
                                       std::move(report));
  return system.spawn(behave, std::move(parts), std::move(log), std::move(config),
                      std::move(report));
}

std::function<std::vector<outcome>(std::vector<operation>)>
apply_through(caf::actor_system& system, cache_service_actor service) {
  return [&system, service = std::move(service)](std::vector<operation> wanted) {
    constexpr auto patience = std::chrono::minutes{1};
    const auto count = wanted.size();
    std::vector<outcome> all;
    const caf::scoped_actor self{system, true};
    self->request(service, patience, apply_atom_v, many<operation>{std::move(wanted)})
        .receive([&](const many<outcome>& done) { all = *done; },
                 [&](const caf::error& why) { all.assign(count, outcome{.why = from_caf(why)}); });
    return all;
  };
}

} // namespace deja
