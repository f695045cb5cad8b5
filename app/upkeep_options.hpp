#pragma once

#include <deja/actors/sweeper.hpp>
#include <deja/transport/index/call_rules.hpp>

#include <CLI/CLI.hpp>

namespace deja::app {

/// How `deja serve` keeps entries from staying for ever, as its flags say it.
struct upkeep_options {
  std::vector<std::string> lifetimes{}; ///< `D` or `PROJECT=D`.
  std::optional<std::uint64_t> max_entries{}, max_bytes{};
  std::string sweep_interval = "1m", grace = "1h", access_grain = "1m";
  bool collect_contents = false;
  bool check_blobs = false;
};

void add_options(CLI::App& app, upkeep_options& into);

/// What they mean.
struct upkeep {
  sweeper_config sweeper;
  access_log::limits log;
  call_limits limits; ///< With the lifetimes.
};

/// invalid_argument that names the flag, its value and what it may be.
result<upkeep> read_upkeep(const upkeep_options& asked);

} // namespace deja::app
