#pragma once

#include <deja/app/load/random.hpp>
#include <deja/messages/error.hpp>

#include <vector>

namespace deja::app::load {

/// A part of a run, in seconds and requests per second.
struct phase {
  double length = 0;
  double rate = 0;    ///< At its beginning; 0: as fast as the connections allow.
  double rate_to = 0; ///< At its end; the rate changes evenly.

  bool operator==(const phase&) const = default;
};

/// How many requests are due by when.
class rate_plan {
public:
  explicit rate_plan(std::vector<phase> phases);

  /// `1000:10s,2000:10s`: a rate and how long.
  static result<std::vector<phase>> parse_steps(const std::string& text);

  /// `A:B:D`: from A to B within D.
  static result<std::vector<phase>> parse_ramp(const std::string& text);

  const std::vector<phase>& phases() const { return phases_; }

  double length() const { return length_; }

  /// Whether requests are due by the plan, not by the answers.
  bool is_open() const { return due_ > 0; }

  /// All that are due.
  double due() const { return due_; }

  /// When so many are due, in seconds; infinite where that is never.
  double time_of(double requests) const;

private:
  std::vector<phase> phases_;
  double length_ = 0, due_ = 0;
};

enum class arrival_kind : std::uint8_t { fixed, poisson };

/// When the requests of one of several shares of a plan are due, one after the other. Evenly, or at
/// random so that all shares together are a Poisson process. Constant time and memory.
class arrivals {
public:
  arrivals(const rate_plan& plan, arrival_kind kind, std::uint64_t seed, unsigned share,
           unsigned shares);

  /// Seconds since the start of the run; infinite after the last.
  double next() const { return next_; }

  /// On to the one after that.
  void advance();

private:
  double step();

  const rate_plan* plan_;
  arrival_kind kind_;
  random_source random_;
  double shares_;
  double count_; // of all requests, the other shares' too, by the next one
  double next_ = 0;
};

} // namespace deja::app::load
