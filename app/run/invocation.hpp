#pragma once

#include <deja/app/run/discovered_inputs.hpp>
#include <deja/app/run/execution.hpp>
#include <deja/app/run/fingerprint.hpp>
#include <deja/app/run/tool.hpp>

namespace deja::run {

/// One call of `deja run`, from its options to its exit status.
class invocation {
public:
  explicit invocation(options asked);

  /// The exit status: the command's own, or 125, 126 or 127, having told why.
  int run();

private:
  result<void> look_around();
  result<void> look_at_depfile();

  result<fingerprint> take() { return take_fingerprint(asked_, around_, tool_.files, digester_); }

  result<run_report> remember(const fingerprint& command, const catalog_key& key);
  result<run_report> run_without_cache();
  int finish(run_report done) const;

  options asked_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  digest_memory memory_;
  file_digester digester_;
  circumstances around_;
  file_descriptor standard_input_;
  tool tool_;
  command_plan plan_;
  std::optional<discovered_inputs> discovered_;
  std::string key_;
};

} // namespace deja::run
