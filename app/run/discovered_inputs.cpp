#include <deja/app/enumerate.hpp>
#include <deja/app/read_file.hpp>
#include <deja/app/run/depfile.hpp>
#include <deja/app/run/discovered_inputs.hpp>
#include <deja/app/run/path_changes.hpp>
#include <deja/app/run/path_within.hpp>
#include <deja/app/run/remembered_states.hpp>
#include <deja/app/run/stored_outputs.hpp>

#include <algorithm>

namespace deja::run {

namespace {

namespace fs = std::filesystem;

/// The files of lists as they are now, each read once.
class present_files {
public:
  present_files(fs::path folder, file_digester& digester)
      : folder_(std::move(folder)), digester_(digester) {}

  bool is_as_listed(const dependency& file) {
    auto known = digests_.find(file.path);
    if (known == digests_.end()) {
      const auto nodes = read_tree(folder_ / file.path, root_link::follow, digester_);
      const auto content = nodes ? std::optional{digest_of(*nodes)} : std::nullopt;
      known = digests_.emplace(file.path, content).first;
    }
    return known->second == file.content;
  }

  /// The files that are not as a list says.
  result<std::vector<std::string>> differences(const core::Literal& state, content_store& blobs) {
    const auto text = read_text(state.map(), files_field, blobs);
    const auto files = text ? parse_dependencies(*text) : text.error();
    if (!files)
      return files.error();
    std::vector<std::string> names;
    for (const auto& file : *files)
      if (!is_as_listed(file))
        names.push_back(file.path);
    return names;
  }

private:
  fs::path folder_;
  file_digester& digester_;
  std::map<std::string, std::optional<digest>> digests_;
};

/// A clock that was set back meanwhile makes a state come from the future, of no age that we know.
bool is_too_old(const core::Literal& state, duration max_age, wall_time now) {
  const auto stored = stored_at(state);
  return max_age > duration::zero() && (now - stored > max_age || stored - now > max_age);
}

std::string in_words(std::size_t states, const std::vector<std::string>& nearest) {
  const auto count = std::to_string(states);
  std::string text = states == 1 ? "the one remembered state of the files in the depfile is not "
                                   "the present one, which differs in "
                                 : "none of the " + count +
                                       " remembered states of the files in the depfile is the "
                                       "present one; the nearest differs in ";
  return text + app::enumerate(nearest);
}

} // namespace

discovered_inputs::discovered_inputs(depfile_config config, file_digester& digester)
    : config_(std::move(config)), digester_(digester) {}

bool discovered_inputs::is_made(const fs::path& place) const {
  std::error_code problem;
  const auto folder = fs::weakly_canonical(place.parent_path(), problem);
  const auto lies = problem ? place : folder / place.filename();
  return std::any_of(config_.made.begin(), config_.made.end(),
                     [&](const auto& made) { return is_within(made, lies); });
}

std::string discovered_inputs::known_as(const std::string& name) const {
  const fs::path path{name};
  if (!config_.root || path.is_relative())
    return name;
  // As far as the path is outside of the root it may lead there through links, which other
  // checkouts don't have.
  fs::path way;
  for (auto part = path.begin(); part != path.end(); ++part) {
    way /= *part;
    std::error_code problem;
    auto place = fs::canonical(way, problem);
    if (problem || !is_within(*config_.root, place))
      continue;
    for (auto rest = std::next(part); rest != path.end(); ++rest)
      place /= *rest;
    return place.lexically_relative(config_.working_folder).native();
  }
  return name;
}

result<dependency_list> discovered_inputs::read(wall_time began) const {
  const auto names = read_depfile();
  if (!names)
    return names.error();
  std::map<std::string, digest> files;
  path_changes ways{began};
  for (const auto& name : *names) {
    const auto place = config_.working_folder / name;
    if (is_made(place))
      continue;
    const auto nodes = read_tree(place, root_link::follow, digester_);
    if (!nodes)
      return within("the depfile names \"" + name + "\"", nodes.error());
    const auto& file = nodes->front();
    if (file.kind != node_kind::file)
      return error{errc::invalid_argument, "the depfile names \"" + name +
                                               "\", which is a folder; name it with -i instead"};
    if (may_have_changed_since(began, file.stamp))
      return error{errc::failed_precondition,
                   "\"" + name +
                       "\", which the depfile names, was changed or touched while the command ran"};
    if (const auto changed = ways.find(place); !changed.empty())
      return error{errc::failed_precondition,
                   "the depfile names \"" + name + "\", and \"" + changed.native() +
                       "\" on its path was replaced while the command ran"};
    files.emplace(known_as(name), digest_of(*nodes));
  }
  dependency_list list;
  for (auto& [path, content] : files)
    list.push_back({path, content});
  return list;
}

result<std::vector<std::string>> discovered_inputs::read_depfile() const {
  const auto shown = "the depfile \"" + config_.depfile.native() + "\"";
  std::error_code problem;
  const auto status = fs::status(config_.depfile, problem);
  if (!fs::is_regular_file(status))
    return error{errc::not_found,
                 fs::exists(status) ? shown + " is no file" : "the command did not write " + shown};
  const auto text = app::read_file(config_.depfile, largest_depfile);
  if (!text)
    return text.error();
  auto names = parse_depfile(*text);
  if (!names)
    return within(shown, names.error());
  if (names->size() > most_files)
    return error{errc::resource_exhausted, shown + " names " + std::to_string(names->size()) +
                                               " files; the limit is " +
                                               std::to_string(most_files)};
  return names;
}

result<const core::Literal*> discovered_inputs::find(const core::LiteralMap& entry,
                                                     duration max_age, wall_time now,
                                                     content_store& blobs) const {
  const auto states = states_of(entry);
  if (states.empty())
    return error{errc::not_found, "no state of the files in the depfile is remembered"};
  present_files present{config_.working_folder, digester_};
  std::optional<std::vector<std::string>> nearest;
  bool too_old = false;
  for (const auto* state : states) {
    if (is_too_old(*state, max_age, now)) {
      too_old = true;
      continue;
    }
    auto differing = present.differences(*state, blobs);
    if (!differing) {
      const auto code = differing.error().code;
      if (code != errc::data_loss && code != errc::not_found)
        return differing.error();
      continue; // Damaged: as if it were not there.
    }
    if (differing->empty())
      return state;
    if (!nearest || differing->size() < nearest->size())
      nearest = std::move(*differing);
  }
  if (nearest)
    return error{errc::not_found, in_words(states.size(), *nearest)};
  return error{errc::not_found, too_old ? "all remembered states of the files in the depfile are "
                                          "over the age limit"
                                        : "the remembered lists of files are damaged"};
}

} // namespace deja::run
