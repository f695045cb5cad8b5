#include <deja/app/run/remembering.hpp>
#include <deja/app/run/restoration.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <ctime>

namespace deja::run {

namespace {

using namespace std::chrono_literals;
namespace step = memoization_step;

constexpr duration patience_before_telling = 2s;

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
    hand_out(*found);
  else if (found.error().code == errc::not_found)
    task_.missed();
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
  if (wait.before < patience_before_telling && wait.before + wait.time >= patience_before_telling)
    config_.tell("waiting for " + describe_holder(wait.holder) + ", which computes the same");
  config_.pause(wait.time);
  task_.waited();
}

void remembering::take(const step::compute&) {
  auto done = execute(config_.plan);
  if (!done) {
    config_.tell(done.error().message);
    report_.status = status_of(done.error());
    return task_.failed_to_compute();
  }
  report_.status = done->end.status;
  if (report_.status != 0)
    return task_.failed_to_compute();
  const bool to_be_stored = reachable_ && !config_.asked.read_only;
  const auto ready = to_be_stored ? prepare(*done) : result<void>{};
  if (ready)
    task_.computed();
  else
    task_.not_to_be_stored(ready.error());
}

void remembering::take(const step::put& put) {
  task_.put(catalog_.put(std::move(outputs_), std::move(key_map_), put.when));
}

void remembering::take(const step::release&) {
  // Where the cache was out of reach, that has been told.
  if (const auto released = catalog_.release(); !released && reachable_)
    config_.tell("can't release the reservation: " + released.error().message);
  task_.released();
}

void remembering::hand_out(const catalog_entry& found) {
  auto made = restoration::prepare(*found.outputs, config_.asked.outputs, config_.working_folder,
                                   catalog_.contents());
  auto placed = made ? made->commit() : result<void>{made.error()};
  if (!placed) {
    const auto why = placed.error();
    const bool damaged = is_missing(why) || why.code == errc::invalid_argument;
    if (!damaged)
      config_.tell("can't hand out what is remembered: " + why.message);
    return task_.rejected(damaged, found.generation);
  }
  report_.bytes = made->size();
  report_.saved = stored_duration(found);
  // Where nobody listens any more the command would have been told by a signal.
  const int problem = made->said() ? replay(made->said()->get()) : 0;
  report_.status = problem == EPIPE ? 128 + SIGPIPE : 0;
  if (problem != 0 && problem != EPIPE)
    config_.tell("can't say again what the command said: " +
                 std::generic_category().message(problem));
  task_.found();
}

result<void> remembering::prepare(execution& done) {
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
  auto outputs = collect(done);
  if (!outputs)
    return outputs.error();
  outputs_ = std::move(*outputs);
  const auto parts = parts_text(config_.command);
  const auto parts_name = sha256::of(parts);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(done.took).count();
  key_map_ = {{"deja-parts", content_uri(parts_name)},
              {"deja-duration-ms", std::to_string(took)},
              {"deja-host", split(config_.owner, '/').front()}};
  return catalog_.contents().put_bytes(parts_name, parts);
}

result<core::LiteralMap> remembering::collect(execution& done) {
  digest_memory nothing_known;
  file_digester digester{nothing_known};
  output_writer writer{catalog_.contents()};
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
  return writer.finish();
}

} // namespace deja::run
