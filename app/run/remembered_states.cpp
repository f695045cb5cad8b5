#include <deja/app/run/remembered_states.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace deja::run {

namespace {

constexpr std::string_view prefix = "state:";
constexpr auto stored_field = "stored-ms";
constexpr auto duration_field = "duration-ms";

using std::chrono::milliseconds;

std::string to_text(duration span) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(span).count());
}

duration read_span(const core::Literal& state, const char* name) {
  const auto field = state.metadata().find(name);
  std::int64_t number = 0;
  if (field != state.metadata().end())
    std::from_chars(field->second.data(), field->second.data() + field->second.size(), number);
  constexpr std::int64_t most = 9'000'000'000'000; // Of ms, as many as nanoseconds can tell.
  return milliseconds{std::clamp<std::int64_t>(number, 0, most)};
}

std::string place(std::size_t number) {
  return std::string{prefix} + static_cast<char>('0' + number / 10) +
         static_cast<char>('0' + number % 10);
}

/// The digest of its list of files.
std::string_view list_of(const core::Literal& state) {
  const auto found = state.map().literals().find(files_field);
  return found == state.map().literals().end() ? std::string_view{} : found->second.hash();
}

} // namespace

core::Literal make_state(core::LiteralMap result, wall_time stored, duration took) {
  core::Literal state;
  *state.mutable_map() = std::move(result);
  (*state.mutable_metadata())[stored_field] = to_text(stored.time_since_epoch());
  (*state.mutable_metadata())[duration_field] = to_text(took);
  return state;
}

wall_time stored_at(const core::Literal& state) {
  return wall_time{read_span(state, stored_field)};
}

duration taken_by(const core::Literal& state) {
  return read_span(state, duration_field);
}

std::vector<const core::Literal*> states_of(const core::LiteralMap& entry) {
  std::map<std::string_view, const core::Literal*> sorted;
  for (const auto& [name, literal] : entry.literals())
    if (name.starts_with(prefix) && literal.has_map())
      sorted.emplace(name, &literal);
  std::vector<const core::Literal*> states;
  for (const auto& [name, literal] : sorted)
    states.push_back(literal);
  return states;
}

core::LiteralMap with_state(const core::LiteralMap& entry, core::Literal state,
                            state_limits limits) {
  core::LiteralMap joined;
  auto bytes = state.ByteSizeLong();
  const auto add = [&](core::Literal one) {
    const auto at = static_cast<std::size_t>(joined.literals_size());
    (*joined.mutable_literals())[place(at)] = std::move(one);
  };
  const std::string list{list_of(state)};
  add(std::move(state));
  for (const auto* older : states_of(entry)) {
    bytes += older->ByteSizeLong();
    if (static_cast<std::size_t>(joined.literals_size()) >= limits.states || bytes > limits.bytes)
      break;
    if (list_of(*older) != list)
      add(*older);
  }
  return joined;
}

} // namespace deja::run
