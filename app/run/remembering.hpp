#pragma once

#include <deja/actors/memoization.hpp>
#include <deja/app/run/catalog_access.hpp>
#include <deja/app/run/discovered_inputs.hpp>
#include <deja/app/run/execution.hpp>
#include <deja/app/run/stored_outputs.hpp>

#include <functional>

namespace deja::run {

/// What the remembering of a command takes beside the catalog.
struct remembering_config {
  const options& asked;
  const fingerprint& command;
  command_plan plan;
  std::filesystem::path working_folder;
  std::string owner; ///< `host/pid/unix-seconds/32 hex digits`

  /// The fingerprint as it is now, to see whether an input changed meanwhile.
  std::function<result<fingerprint>()> take_again;

  /// The inputs that only the tool knows; null where it tells none.
  const discovered_inputs* discovered = nullptr;

  /// Says why nothing is remembered under this key, for `--explain`.
  std::function<std::string()> why_missed{};

  std::function<void(std::string_view)> tell; ///< A line for the user.
  std::function<void(duration)> pause;        ///< Sleeps; tests let no time pass.
};

/// Looks a command up, and hands out its entry, or runs it and stores what it made: the heart of
/// `deja run`. Of those that want the same at once one computes and the others wait for it. With
/// `--verify` what is remembered is not handed out but compared with what the command makes, and
/// stays as it is.
class remembering {
public:
  remembering(remembering_config config, catalog_access& catalog);

  /// The command's exit status, outcome and bytes; key and times are the caller's to fill in,
  /// `saved` is what the command took when it was stored. The only error is, with
  /// `--require-cache`, why the cache is out of reach; the command has not run then.
  result<run_report> run();

private:
  void take(const memoization_step::look_up&);
  void take(const memoization_step::reserve&);
  void take(const memoization_step::wait& wait);
  void take(const memoization_step::compute&);
  void take(const memoization_step::put& put);
  void take(const memoization_step::release&);

  void take(const memoization_step::finished&) {}

  /// What is remembered, of an entry: what to hand out, and what it took.
  struct remembered {
    const core::LiteralMap* result;
    duration took;
    std::string when;
  };

  result<remembered> choose(const catalog_entry& found);
  void use(const catalog_entry& found);
  void hand_out(const remembered& chosen, const catalog_entry& found);
  void verify(const remembered& chosen);
  void compare(const remembered& chosen, execution& done);
  void missed(const std::string& why);
  std::string why_not_found(const error& why);
  void explain(const std::string& text);
  void out_of_reach(const error& why);

  std::optional<execution> run_command();
  result<void> check(execution& done);
  result<void> prepare(execution& done);
  result<core::LiteralMap> collect(execution& done);
  result<void> join_states(put_condition& when);

  remembering_config config_;
  catalog_access& catalog_;
  memoization task_;
  run_report report_;
  bool reachable_ = true;
  bool explained_ = false; ///< A miss, once.
  bool told_of_holder_ = false;
  std::optional<std::uint64_t> seen_;  ///< An entry that a wait told of, and was not handed out.
  std::string files_;                  ///< The list of those that the tool alone knows.
  core::LiteralMap outputs_;           ///< To be put, with its key map.
  std::optional<core::Literal> state_; ///< Instead, where inputs are discovered.
  std::map<std::string, std::string> key_map_;
};

/// Who holds a reservation, for people: `host box, process 4711, since 14:03:12`.
std::string describe_holder(const reservation& theirs);

} // namespace deja::run
