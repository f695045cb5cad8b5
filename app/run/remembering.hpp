#pragma once

#include <deja/actors/memoization.hpp>
#include <deja/app/run/catalog_access.hpp>
#include <deja/app/run/execution.hpp>

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

  std::function<void(std::string_view)> tell; ///< A line for the user.
  std::function<void(duration)> pause;        ///< Sleeps; tests let no time pass.
};

/// Looks a command up, and hands out its entry, or runs it and stores what it made: the heart of
/// `deja run`. Of those that want the same at once one computes and the others wait for it.
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

  void hand_out(const catalog_entry& found);
  void out_of_reach(const error& why);
  result<void> prepare(execution& done);
  result<core::LiteralMap> collect(execution& done);

  remembering_config config_;
  catalog_access& catalog_;
  memoization task_;
  run_report report_;
  bool reachable_ = true;
  core::LiteralMap outputs_; ///< To be put, with its key map.
  std::map<std::string, std::string> key_map_;
};

/// Who holds a reservation, for people: `host box, process 4711, since 14:03:12`.
std::string describe_holder(const reservation& theirs);

} // namespace deja::run
