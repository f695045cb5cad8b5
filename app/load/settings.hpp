#pragma once

#include <deja/app/load/cache_wire.hpp>
#include <deja/app/load/key_choice.hpp>
#include <deja/app/load/operation.hpp>
#include <deja/app/load/rate_plan.hpp>
#include <deja/app/load/value_sizes.hpp>
#include <deja/transport/connect/service_url.hpp>

namespace deja::app::load {

/// The highest rate that keeps this is looked for: a share of all requests is answered in time.
struct latency_goal {
  std::string text; ///< As it was asked for: `p99=20ms`.
  double share = 0.99;
  std::chrono::nanoseconds latency{};
};

/// `p99=20ms`, `p99.9=1s`: invalid_argument where it is no such goal.
result<latency_goal> parse_goal(const std::string& text);

/// A load run, validated.
struct settings {
  std::string name; ///< Of the scenario or the operations.

  std::string target; ///< As it was asked for.
  service_url url;
  std::string access_token; ///< Empty: none.

  std::string mix_text;
  operation_mix mix{};
  unsigned connections = 16;
  unsigned threads = 1;
  std::uint32_t batch = 1; ///< Keys a request; above 1 by `deja.v1`.
  encoding body = encoding::proto;

  std::uint64_t keys = 10'000;
  std::string distribution_text, value_size_text;
  key_choice distribution;
  value_sizes sizes;
  bool fill = true;
  std::uint64_t seed = 1;

  std::vector<phase> phases;
  arrival_kind arrival = arrival_kind::poisson;
  std::optional<latency_goal> goal;
  double probe_length = 5; ///< Of each rate that is tried for the goal, in seconds.

  /// A request that has not been answered so long after it was due has failed.
  std::chrono::nanoseconds timeout = std::chrono::seconds{10};
};

} // namespace deja::app::load
