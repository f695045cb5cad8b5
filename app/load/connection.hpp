#pragma once

#include <deja/app/load/collector.hpp>
#include <deja/app/load/response_reader.hpp>
#include <deja/app/load/stream.hpp>
#include <deja/app/load/workload.hpp>

namespace deja::app::load {

/// One connection of a worker, and the request it is at.
struct connection {
  enum class state {
    closed,
    connecting,
    open,
    down, ///< It could not be opened, and isn't tried again before `retry`.
  };

  explicit connection(const stream_factory& streams) : socket(streams) {}

  stream socket;
  response_reader reader;
  state is = state::closed;
  steady::time_point retry{};
  std::chrono::milliseconds pause{0}; ///< Before the next try.

  bool is_busy = false;  ///< With `request`.
  bool was_sent = false; ///< The call, or some of it.
  bool is_watched_for_writing = false;
  task request;
  steady::time_point due{}, called{};

  std::string out;          ///< The call's bytes.
  std::size_t sent = 0;     ///< Of them.
  std::uint64_t client = 0; ///< Its number in the history.
};

} // namespace deja::app::load
