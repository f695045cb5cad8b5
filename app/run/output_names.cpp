#include <deja/app/run/output_names.hpp>
#include <deja/app/run/path_within.hpp>

#include <algorithm>

namespace deja::run {

namespace {

namespace fs = std::filesystem;

error refused(const std::string& name, const std::string& why) {
  return {errc::invalid_argument, "the output \"" + name + "\" " + why};
}

result<fs::path> resolved(const fs::path& path) {
  std::error_code problem;
  auto place = fs::weakly_canonical(path, problem);
  if (problem)
    return error{errc::invalid_argument,
                 "can't find out where \"" + path.native() + "\" lies: " + problem.message()};
  // Without the slash that a name may end in.
  return place.has_filename() ? place : place.parent_path();
}

} // namespace

result<fs::path> place_of_output(const fs::path& working_folder, const std::string& name) {
  const fs::path given{name};
  if (name.empty() || name.find('\0') != std::string::npos)
    return refused(name, "has no name");
  if (given.is_absolute())
    return refused(name, "is absolute; name it relative to the working folder");
  if (std::find(given.begin(), given.end(), "..") != given.end())
    return refused(name, "contains \"..\"; name it relative to the working folder");
  auto plain = given.lexically_normal();
  if (!plain.has_filename())
    plain = plain.parent_path();
  if (plain.empty() || plain == ".")
    return refused(name, "is the working folder itself");
  auto home = resolved(working_folder);
  if (!home)
    return home.error();
  auto parent = resolved(*home / plain.parent_path());
  if (!parent)
    return parent.error();
  if (!is_within(*home, *parent))
    return refused(name, "leads out of the working folder through a link");
  return *parent / plain.filename();
}

result<std::vector<fs::path>> places_of_outputs(const fs::path& working_folder,
                                                const std::vector<std::string>& outputs,
                                                const std::vector<std::string>& inputs) {
  std::vector<fs::path> places;
  for (const auto& name : outputs) {
    auto place = place_of_output(working_folder, name);
    if (!place)
      return place.error();
    for (std::size_t other = 0; other < places.size(); ++other) {
      if (places[other] == *place)
        return refused(name, "is declared twice");
      if (is_within(places[other], *place) || is_within(*place, places[other]))
        return refused(name, "and the output \"" + outputs[other] + "\" lie in one another");
    }
    places.push_back(*place);
  }
  for (const auto& input : inputs) {
    auto as_named = resolved(working_folder / fs::path{input}.parent_path());
    auto place = resolved(working_folder / input);
    if (!place || !as_named)
      return place ? as_named.error() : place.error();
    const auto name = fs::path{input}.filename();
    const auto spelt = (working_folder / input).lexically_normal();
    for (std::size_t at = 0; at < places.size(); ++at) {
      // An input that is, or is reached through, a link counts where that lies and where it leads.
      for (const auto& lies : {*place, name.empty() ? *place : *as_named / name, spelt}) {
        if (lies == places[at])
          return refused(outputs[at], "is an input as well");
        if (is_within(lies, places[at]))
          return refused(outputs[at], "lies in the input \"" + input + "\"");
        if (is_within(places[at], lies))
          return refused(outputs[at], "has the input \"" + input + "\" in it");
      }
    }
  }
  return places;
}

result<fs::path> place_of_depfile(const fs::path& working_folder, const std::string& name,
                                  const std::vector<fs::path>& places,
                                  const std::vector<std::string>& inputs) {
  constexpr auto flag = "--depfile";
  auto place = place_of_output(working_folder, name);
  if (!place)
    return within(flag, place.error());
  for (const auto& output : places)
    if (is_within(output, *place))
      return place;
  const auto alone = places_of_outputs(working_folder, {name}, inputs);
  if (!alone)
    return within(flag, alone.error());
  if (std::any_of(places.begin(), places.end(),
                  [&](const auto& output) { return is_within(*place, output); }) ||
      fs::is_directory(fs::symlink_status(*place)))
    return error{errc::invalid_argument, "--depfile: \"" + name + "\" is a folder"};
  return place;
}

} // namespace deja::run
