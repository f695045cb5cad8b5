#include <deja/app/run/catalog_access.hpp>
#include <deja/app/run/explanation.hpp>
#include <deja/app/run/held_keys.hpp>
#include <deja/app/run/invocation.hpp>
#include <deja/app/run/notice.hpp>
#include <deja/app/run/output_names.hpp>
#include <deja/app/run/platform.hpp>
#include <deja/app/run/remembering.hpp>
#include <deja/app/run/standard_input.hpp>
#include <deja/messages/key.hpp>
#include <deja/messages/random_digits.hpp>

#include <algorithm>
#include <array>
#include <thread>

namespace deja::run {

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0)
    return "unknown";
  std::string text = printable(name.data());
  std::replace(text.begin(), text.end(), '/', '_');
  return text.empty() ? "unknown" : text;
}

std::string new_owner() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return host_name() + '/' + std::to_string(::getpid()) + '/' + std::to_string(now) + '/' +
         random_digits();
}

int fail(const error& why, int status = own_failure) {
  say(why.message);
  return status;
}

} // namespace

invocation::invocation(options asked)
    : asked_(std::move(asked)), memory_(digests_file(asked_)), digester_(memory_) {}

int invocation::run() {
  if (auto ready = look_around(); !ready)
    return fail(ready.error());
  auto found = find_tool(asked_.command.front(), plan_.process.environment);
  if (!found)
    return fail(found.error(), status_of(found.error()));
  tool_ = std::move(*found);
  plan_.process.executable = tool_.path;
  auto command = take();
  if (!command)
    return fail(command.error());
  const auto key = to_catalog_key(*command);
  auto text = make_key(key);
  if (!text)
    return fail(text.error());
  key_ = std::move(*text);
  const bool held = is_held_above(around_.environment, key_);
  if (held && asked_.explain)
    say("miss: a command that this one is part of computes the same");
  auto done = held ? run_without_cache() : remember(*command, key);
  memory_.save();
  return done ? finish(std::move(*done)) : fail(done.error());
}

result<void> invocation::look_around() {
  std::error_code problem;
  around_.working_folder = std::filesystem::current_path(problem);
  if (problem)
    return error{errc::failed_precondition,
                 "can't find out the working folder: " + problem.message()};
  around_.environment = own_variables();
  around_.platform = own_platform();
  auto places = places_of_outputs(around_.working_folder, asked_.outputs, asked_.inputs);
  if (!places)
    return places.error();
  plan_.places = std::move(*places);
  if (auto done = look_at_depfile(); !done)
    return done;
  plan_.process.arguments = asked_.command;
  plan_.process.environment =
      visible_variables(around_.environment, asked_.keyed_variables, asked_.passed_variables);
  if (!asked_.standard_input)
    return {};
  auto input = spool_input(STDIN_FILENO);
  if (!input)
    return input.error();
  around_.standard_input = input->content;
  standard_input_ = std::move(input->file);
  plan_.process.standard_input = standard_input_.get();
  return {};
}

result<void> invocation::look_at_depfile() {
  if (!asked_.depfile)
    return {};
  auto root = root_of(asked_, around_);
  if (!root)
    return root.error();
  auto place =
      place_of_depfile(around_.working_folder, *asked_.depfile, plan_.places, asked_.inputs);
  if (!place)
    return place.error();
  plan_.depfile = *place;
  plan_.after = std::chrono::system_clock::now();
  auto made = plan_.places;
  made.push_back(*place);
  discovered_.emplace(depfile_config{.depfile = std::move(*place),
                                     .working_folder = around_.working_folder,
                                     .root = std::move(*root),
                                     .made = std::move(made)},
                      digester_);
  return {};
}

result<run_report> invocation::run_without_cache() {
  run_report report;
  auto done = execute(plan_);
  if (!done)
    report.status = fail(done.error(), status_of(done.error()));
  else
    report.status = done->end.status;
  report.outcome = report.status == 0 ? outcome::unremembered : outcome::failed;
  return report;
}

result<run_report> invocation::remember(const fingerprint& command, const catalog_key& key) {
  auto catalog = open_catalog(asked_, {{"", "deja", "run"}, key_}, key);
  if (!catalog) {
    const auto why = catalog.error();
    if (asked_.require_cache || why.code == errc::invalid_argument)
      return why;
    say(why.message + "; running the command without the cache");
    return run_without_cache();
  }
  add_held(plan_.process.environment, key_);
  remembering one{{.asked = asked_,
                   .command = command,
                   .plan = plan_,
                   .working_folder = around_.working_folder,
                   .owner = new_owner(),
                   .take_again = [this] { return take(); },
                   .discovered = discovered_ ? &*discovered_ : nullptr,
                   .why_missed =
                       [&] {
                         const auto candidates = open_candidates(asked_);
                         return explain_miss(command, key_, *candidates, (*catalog)->contents());
                       },
                   .tell = say,
                   .pause =
                       [](duration span) {
                         std::this_thread::sleep_for(span);
                       }},
                  **catalog};
  return one.run();
}

int invocation::finish(run_report done) const {
  if (asked_.report.empty())
    return done.status;
  done.key = key_;
  done.took = std::chrono::steady_clock::now() - began_;
  done.saved = std::max(done.saved - done.took, duration::zero());
  if (auto appended = append_report(asked_.report, done); !appended)
    say(appended.error().message);
  return done.status;
}

} // namespace deja::run
