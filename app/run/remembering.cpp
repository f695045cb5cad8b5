#include <deja/app/run/explanation.hpp>
#include <deja/app/run/remembered_states.hpp>
#include <deja/app/run/remembering.hpp>
#include <deja/app/run/restoration.hpp>
#include <deja/app/run/verification.hpp>
#include <deja/messages/cached_output.hpp>
#include <deja/transport/retry_schedule.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <random>

namespace deja::run {

namespace {

using namespace std::chrono_literals;
namespace step = memoization_step;

constexpr duration patience_before_telling = 2s;

/// In one call.
constexpr duration longest_wait = 30s;

bool is_missing(const error& why) {
  return why.code == errc::not_found || why.code == errc::data_loss;
}

std::string clock_time(std::time_t when) {
  std::tm parts{};
  std::array<char, 16> text{};
  ::localtime_r(&when, &parts);
  const auto length = std::strftime(text.data(), text.size(), "%H:%M:%S", &parts);
  return {text.data(), length};
}

std::string seconds_text(duration span) {
  std::array<char, 32> text{};
  const auto length = std::snprintf(text.data(), text.size(), "%.3f s",
                                    std::chrono::duration<double>(span).count());
  return {text.data(), static_cast<std::size_t>(length)};
}

duration stored_duration(const catalog_entry& found) {
  const auto& map = found.stored.key_map().values();
  const auto field = map.find("deja-duration-ms");
  std::int64_t milliseconds = 0;
  if (field != map.end())
    std::from_chars(field->second.data(), field->second.data() + field->second.size(),
                    milliseconds);
  constexpr std::int64_t most = 1'000'000'000'000;
  return std::chrono::milliseconds{std::clamp<std::int64_t>(milliseconds, 0, most)};
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> fields;
  for (;;) {
    const auto end = text.find(by);
    fields.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return fields;
    text.remove_prefix(end + 1);
  }
}

} // namespace

std::string describe_holder(const reservation& theirs) {
  const auto fields = split(theirs.owner, '/');
  std::time_t since = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(theirs.since));
  if (fields.size() != 4)
    return "\"" + theirs.owner + "\"" + (since > 0 ? ", since " + clock_time(since) : "");
  if (since <= 0) // Flyte's service doesn't tell; the owner's start is near enough.
    std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), since);
  return "host " + fields[0] + ", process " + fields[1] + ", since " + clock_time(since);
}

remembering::remembering(remembering_config config, catalog_access& catalog)
    : config_(std::move(config)), catalog_(catalog),
      task_({.owner = config_.owner,
             .max_age = config_.asked.max_age,
             .refresh = config_.asked.refresh,
             .read_only = config_.asked.read_only,
             .no_wait = config_.asked.no_wait,
             .wait_timeout = config_.asked.wait_timeout,
             .required = config_.asked.require_cache}) {}

result<run_report> remembering::run() {
  while (!std::holds_alternative<step::finished>(task_.next()))
    std::visit([this](const auto& what) { take(what); }, step::any{task_.next()});
  const auto& end = std::get<step::finished>(task_.next());
  if (end.outcome == outcome::refused)
    return *end.why;
  if (end.why)
    config_.tell("not remembered: " + end.why->message);
  report_.outcome = end.outcome;
  return report_;
}

void remembering::out_of_reach(const error& why) {
  if (!config_.asked.require_cache)
    config_.tell(why.message + "; running the command without the cache");
  reachable_ = false;
  task_.failed(why);
}

void remembering::take(const step::look_up&) {
  const auto found = catalog_.look_up(config_.asked.max_age);
  if (found)
    use(*found);
  else if (found.error().code == errc::not_found)
    missed(config_.asked.explain ? why_not_found(found.error()) : "");
  else
    out_of_reach(found.error());
}

void remembering::take(const step::reserve&) {
  const auto held = catalog_.reserve(config_.owner);
  if (held)
    task_.reserved(*held);
  else
    out_of_reach(held.error());
}

void remembering::take(const step::wait& wait) {
  if (!told_of_holder_ && wait.before + wait.time >= patience_before_telling) {
    config_.tell("waiting for " + describe_holder(wait.holder) + ", which computes the same");
    told_of_holder_ = true;
  }
  const auto began = std::chrono::steady_clock::now();
  const auto most = told_of_holder_ ? longest_wait : patience_before_telling - wait.before;
  const auto told = catalog_.wait(seen_, std::clamp<duration>(wait.patience, 1ms, most));
  if (!told) {
    config_.pause(wait.time);
    return task_.waited();
  }
  if (told->event == wait_event::entry) {
    seen_ = told->generation;
  } else if (told->others > 0) { // not all of those who are told at once need to ask at once
    std::random_device random;
    config_.pause(spread_pause(told->others, std::uniform_real_distribution{}(random)));
  }
  task_.waited(std::chrono::steady_clock::now() - began);
}

void remembering::take(const step::compute&) {
  if (config_.asked.refresh)
    explain("computed anew, for --refresh");
  auto done = run_command();
  if (!done || report_.status != 0)
    return task_.failed_to_compute();
  const bool to_be_stored = reachable_ && !config_.asked.read_only;
  const auto ready = to_be_stored ? prepare(*done) : result<void>{};
  if (ready)
    task_.computed();
  else
    task_.not_to_be_stored(ready.error());
}

void remembering::take(const step::put& put) {
  auto when = put.when;
  if (state_)
    if (auto joined = join_states(when); !joined)
      return task_.put(joined.error());
  task_.put(catalog_.put(std::move(outputs_), std::move(key_map_), when));
}

void remembering::take(const step::release&) {
  // Where the cache was out of reach, that has been told.
  if (const auto released = catalog_.release(); !released && reachable_)
    config_.tell("can't release the reservation: " + released.error().message);
  task_.released();
}

void remembering::explain(const std::string& text) {
  if (config_.asked.explain && !explained_)
    config_.tell(text);
  explained_ = true;
}

void remembering::missed(const std::string& why) {
  explain("miss: " + why);
  task_.missed();
}

std::string remembering::why_not_found(const error& why) {
  if (explained_)
    return {};
  const auto any_age = config_.asked.max_age > duration::zero() ? catalog_.look_up(duration::zero())
                                                                : result<catalog_entry>{why};
  if (any_age)
    return "what is remembered is over --max-age";
  return config_.why_missed ? config_.why_missed() : "nothing is remembered for this call";
}

result<remembering::remembered> remembering::choose(const catalog_entry& found) {
  if (!config_.discovered) {
    const auto updated = from_wire(found.stored.last_updated_at(), "last_updated_at");
    return remembered{&*found.outputs, stored_duration(found),
                      updated ? date_and_time(*updated) : "at a time unknown"};
  }
  const auto state = config_.discovered->find(
      *found.outputs, config_.asked.max_age, std::chrono::system_clock::now(), catalog_.contents());
  if (!state)
    return state.error();
  return remembered{&(*state)->map(), taken_by(**state), date_and_time(stored_at(**state))};
}

void remembering::use(const catalog_entry& found) {
  const auto chosen = choose(found);
  if (!chosen && chosen.error().code == errc::not_found)
    return missed(chosen.error().message);
  if (!chosen)
    return out_of_reach(chosen.error());
  if (config_.asked.verify)
    verify(*chosen);
  else
    hand_out(*chosen, found);
}

void remembering::hand_out(const remembered& chosen, const catalog_entry& found) {
  auto made = restoration::prepare(*chosen.result, config_.asked.outputs, config_.working_folder,
                                   catalog_.contents());
  auto placed = made ? made->commit() : result<void>{made.error()};
  if (!placed) {
    const auto why = placed.error();
    const bool damaged = is_missing(why) || why.code == errc::invalid_argument;
    if (!damaged)
      config_.tell("can't hand out what is remembered: " + why.message);
    explain("miss: can't hand out what is remembered: " + why.message);
    return task_.rejected(damaged, found.generation);
  }
  if (config_.asked.explain)
    config_.tell("hit: stored " + chosen.when + " by a run of " + seconds_text(chosen.took) +
                 (config_.discovered ? "; the files in the depfile are as they were then" : ""));
  report_.bytes = made->size();
  report_.saved = chosen.took;
  // Where nobody listens any more the command would have been told by a signal.
  const int problem = made->said() ? replay(made->said()->get()) : 0;
  report_.status = problem == EPIPE ? 128 + SIGPIPE : 0;
  if (problem != 0 && problem != EPIPE)
    config_.tell("can't say again what the command said: " +
                 std::generic_category().message(problem));
  task_.found();
}

void remembering::verify(const remembered& chosen) {
  if (config_.asked.explain)
    config_.tell("hit: stored " + chosen.when + "; computed all the same, for --verify");
  report_.verified = verification::not_compared;
  auto done = run_command();
  if (done && report_.status != 0)
    config_.tell("not compared: the command failed, and what is remembered is of a success");
  if (done && report_.status == 0)
    compare(chosen, *done);
  task_.found();
}

void remembering::compare(const remembered& chosen, execution& done) {
  const auto ready = check(done);
  const auto told = ready ? differences(*chosen.result, config_.asked.outputs, config_.plan,
                                        done.said, catalog_.contents())
                          : ready.error();
  report_.status = told && told->empty() ? 0 : 1;
  if (!told)
    return config_.tell("not compared with what is remembered: " + told.error().message);
  report_.verified = told->empty() ? verification::same : verification::different;
  for (const auto& line : *told)
    config_.tell("not as remembered: " + line);
  if (told->empty())
    config_.tell("verified: all that the command made and said is as remembered");
}

std::optional<execution> remembering::run_command() {
  auto done = execute(config_.plan);
  if (!done) {
    config_.tell(done.error().message);
    report_.status = status_of(done.error());
    return std::nullopt;
  }
  report_.status = done->end.status;
  return std::move(*done);
}

/// Whether a result can be believed, and what of it the tool alone knows.
result<void> remembering::check(execution& done) {
  if (!done.end.complete)
    return error{errc::failed_precondition, done.end.incomplete};
  if (done.said.problem())
    return *done.said.problem();
  const auto now = config_.take_again();
  if (!now)
    return within("what it was made from changed meanwhile", now.error());
  if (const auto changed = differences(config_.command, *now); !changed.empty())
    return error{errc::failed_precondition,
                 changed.front() + " was changed or touched while the command ran"};
  if (!config_.discovered)
    return {};
  auto files = config_.discovered->read(done.began);
  if (!files)
    return files.error();
  files_ = to_text(*files);
  return {};
}

result<void> remembering::prepare(execution& done) {
  if (auto fine = check(done); !fine)
    return fine;
  auto outputs = collect(done);
  if (!outputs)
    return outputs.error();
  if (config_.discovered)
    state_ = make_state(std::move(*outputs), std::chrono::system_clock::now(), done.took);
  else
    outputs_ = std::move(*outputs);
  const auto parts = parts_text(config_.command);
  const auto parts_name = sha256::of(parts);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(done.took).count();
  key_map_ = {{parts_field, content_uri(parts_name)},
              {"deja-duration-ms", std::to_string(took)},
              {"deja-host", split(config_.owner, '/').front()}};
  return catalog_.contents().put_bytes(parts_name, parts);
}

/// The states that others have put meanwhile stay, as far as the index can tell: what is put
/// replaces just what it was made from.
result<void> remembering::join_states(put_condition& when) {
  const auto now = catalog_.look_up(duration::zero());
  if (!now && now.error().code != errc::not_found)
    return now.error();
  outputs_ = with_state(now ? *now->outputs : core::LiteralMap{}, std::move(*state_));
  when.max_age.reset();
  when.generation = now ? now->generation : std::nullopt;
  when.overwrite = now && !now->generation;
  return {};
}

result<core::LiteralMap> remembering::collect(execution& done) {
  digest_memory nothing_known;
  file_digester digester{nothing_known};
  // An entry holds many states.
  const auto limits = config_.discovered ? inline_limits{.entry = 16 * 1024} : inline_limits{};
  output_writer writer{catalog_.contents(), limits};
  for (std::size_t at = 0; at < config_.asked.outputs.size(); ++at) {
    const auto& name = config_.asked.outputs[at];
    const auto& place = config_.plan.places[at];
    auto nodes = read_tree(place, root_link::refuse, digester);
    if (!nodes && nodes.error().code == errc::not_found)
      return error{errc::not_found, "the command did not make the output \"" + name + "\""};
    if (!nodes)
      return within("the output \"" + name + "\"", nodes.error());
    if (auto added = writer.add(name, place, *nodes); !added)
      return within("the output \"" + name + "\"", added.error());
  }
  if (auto added = writer.add(done.said); !added)
    return within("what the command said", added.error());
  report_.bytes = writer.size();
  if (config_.discovered)
    if (auto added = writer.add(files_field, files_); !added)
      return within("the list of files in the depfile", added.error());
  return writer.finish();
}

} // namespace deja::run
