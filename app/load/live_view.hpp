#pragma once

#include <deja/app/load/run_result.hpp>

#include <chrono>

namespace deja::app::load {

/// Tells on standard error how a load goes: one line that is drawn anew in a terminal, else a line
/// for each second.
class live_view {
public:
  explicit live_view(bool is_quiet);

  /// So many keys of the population are there.
  void filling(std::uint64_t done, std::uint64_t all);

  /// A further second of a run that may take `length` seconds.
  void running(const second& last, double length);

  /// Something to be told in a line of its own.
  void tell(const std::string& text);

  /// Ends the line that is drawn.
  void end();

private:
  void draw(const std::string& line);

  bool is_quiet_, is_terminal_;
  bool is_drawn_ = false;
  std::uint64_t errors_ = 0, wrong_ = 0;
  std::chrono::steady_clock::time_point next_{};
};

} // namespace deja::app::load
