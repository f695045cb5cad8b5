#include <deja/app/run/remembering.hpp>
#include <deja/app/run/restoration.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <ctime>

namespace deja::run {

namespace {

using namespace std::chrono_literals;

constexpr duration first_pause = 50ms;
constexpr duration longest_pause = 1s;
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

result<run_report> remembering::run() {
  auto mine = take_turn();
  if (!mine)
    return mine.error();
  if (*mine == turn::handed_out)
    return report_;
  return compute(*mine == turn::compute_reserved);
}

result<remembering::turn> remembering::out_of_reach(const error& why) {
  if (config_.asked.require_cache)
    return why;
  reachable_ = false;
  config_.tell(why.message + "; running the command without the cache");
  return turn::compute;
}

/// Whether an entry was handed out; an error where the cache can't be asked.
result<bool> remembering::try_hit() {
  if (config_.asked.refresh)
    return false;
  auto found = catalog_.look_up(config_.asked.max_age);
  if (found)
    return hand_out(*found);
  if (found.error().code == errc::not_found)
    return false;
  return found.error();
}

result<remembering::turn> remembering::take_turn() {
  duration waited{};
  for (duration pause = first_pause;; pause = std::min(2 * pause, longest_pause)) {
    auto hit = try_hit();
    if (!hit)
      return out_of_reach(hit.error());
    if (*hit)
      return turn::handed_out;
    if (config_.asked.read_only)
      return turn::compute;
    auto held = catalog_.reserve(config_.owner);
    if (!held)
      return out_of_reach(held.error());
    if (held->owner == config_.owner) {
      fencing_token_ = held->fencing_token;
      // It may have come between the look-up and the reservation.
      hit = replace_ ? result<bool>{false} : try_hit();
      if (!hit || *hit) [[maybe_unused]]
        const auto let_go = catalog_.release();
      if (!hit)
        return out_of_reach(hit.error());
      return *hit ? turn::handed_out : turn::compute_reserved;
    }
    const bool out_of_patience =
        config_.asked.wait_timeout && waited >= *config_.asked.wait_timeout;
    if (config_.asked.no_wait || out_of_patience)
      return turn::compute;
    if (waited < patience_before_telling && waited + pause >= patience_before_telling)
      config_.tell("waiting for " + describe_holder(*held) + ", which computes the same");
    config_.pause(pause);
    waited += pause;
  }
}

bool remembering::hand_out(const catalog_entry& found) {
  auto made = restoration::prepare(*found.outputs, config_.asked.outputs, config_.working_folder,
                                   catalog_.contents());
  auto placed = made ? made->commit() : result<void>{made.error()};
  if (!placed) {
    const auto why = placed.error();
    // A damaged entry is a miss, and the result that follows replaces it.
    replace_ = is_missing(why) || why.code == errc::invalid_argument;
    generation_ = found.generation;
    if (!replace_)
      config_.tell("can't hand out what is remembered: " + why.message);
    return false;
  }
  report_.outcome = outcome::hit;
  report_.bytes = made->size();
  report_.saved = stored_duration(found);
  // Where nobody listens any more the command would have been told by a signal.
  const int problem = made->said() ? replay(made->said()->get()) : 0;
  report_.status = problem == EPIPE ? 128 + SIGPIPE : 0;
  if (problem != 0 && problem != EPIPE)
    config_.tell("can't say again what the command said: " +
                 std::generic_category().message(problem));
  return true;
}

run_report remembering::compute(bool reserved) {
  auto done = execute(config_.plan);
  if (!done) {
    config_.tell(done.error().message);
    report_.outcome = outcome::failed;
    report_.status = status_of(done.error());
  } else {
    report_.status = done->end.status;
    if (!reachable_)
      report_.outcome = outcome::unremembered;
    else if (done->end.status != 0)
      report_.outcome = outcome::failed;
    else if (config_.asked.read_only)
      report_.outcome = outcome::not_stored;
    else
      report_.outcome = store(*done, reserved);
  }
  if (reserved)
    if (auto released = catalog_.release(); !released && done)
      config_.tell("can't release the reservation: " + released.error().message);
  return report_;
}

outcome remembering::store(execution& done, bool reserved) {
  const auto refuse = [&](const std::string& why) {
    config_.tell("not remembered: " + why);
    return outcome::not_stored;
  };
  if (!done.end.complete)
    return refuse(done.end.incomplete);
  if (done.said.problem())
    return refuse(done.said.problem()->message);
  auto now = config_.take_again();
  if (!now)
    return refuse("what it was made from changed meanwhile: " + now.error().message);
  if (const auto changed = differences(config_.command, *now); !changed.empty())
    return refuse(changed.front() + " changed while the command ran");
  auto outputs = collect(done);
  if (!outputs)
    return refuse(outputs.error().message);
  const auto parts = parts_text(config_.command);
  const auto parts_name = sha256::of(parts);
  if (auto stored = catalog_.contents().put_bytes(parts_name, parts); !stored)
    return refuse(stored.error().message);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(done.took).count();
  auto put = catalog_.put(std::move(*outputs),
                          {{"deja-parts", content_uri(parts_name)},
                           {"deja-duration-ms", std::to_string(took)},
                           {"deja-host", split(config_.owner, '/').front()}},
                          condition(reserved));
  if (put)
    return *put == put_status::stored ? outcome::stored : outcome::lost_race;
  // The reservation was lost to another, whose result counts.
  if (put.error().code == errc::failed_precondition)
    return outcome::lost_race;
  return refuse(put.error().message);
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

put_condition remembering::condition(bool reserved) const {
  put_condition when;
  if (config_.asked.refresh || (replace_ && !generation_))
    when.overwrite = true;
  else if (replace_)
    when.generation = generation_;
  else if (config_.asked.max_age > duration::zero())
    when.max_age = config_.asked.max_age;
  if (reserved)
    when.held = fence{config_.owner, fencing_token_};
  return when;
}

} // namespace deja::run
