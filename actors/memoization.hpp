#pragma once

#include <deja/messages/catalog.hpp>

#include <variant>

namespace deja {

/// What became of a memoized task.
enum class memoization_outcome {
  hit,          ///< Handed out from the cache.
  stored,       ///< Computed and stored.
  lost_race,    ///< Computed; another's result was stored first.
  not_stored,   ///< Computed, and could or should not be stored.
  failed,       ///< The computation failed.
  unremembered, ///< Computed without the cache, which was out of reach.
  refused,      ///< Not computed: the cache was out of reach, and is required.
};

/// What is wanted of one memoization.
struct memoization_options {
  std::string owner;      ///< Of the reservation; holds 128 random bits.
  duration max_age{};     ///< Older entries are misses, and replaced; zero: any age.
  bool refresh = false;   ///< Compute in any case, and replace the entry.
  bool read_only = false; ///< Neither reserve nor store.
  bool no_wait = false;   ///< Compute beside another that computes the same.
  std::optional<duration> wait_timeout{}; ///< Wait for another no longer than about this.
  bool required = false;                  ///< Don't compute where the cache is out of reach.
};

/// What to do next to memoize a task.
namespace memoization_step {

struct look_up {
}; ///< The entry, up to the maximum age; then `found`, `rejected`, `missed`, `failed`.

struct reserve {}; ///< For the owner; then `reserved` or `failed`.

/// Sleep for `time`; or for at most `patience` until told that the entry or the release has come.
/// Then `waited`.
struct wait {
  duration time;
  duration before;    ///< Waited already.
  reservation holder; ///< Whom for.
  duration patience;  ///< What is left of it.
};

struct compute {}; ///< Then `computed`, `failed_to_compute` or `not_to_be_stored`.

/// The outputs; then `put`.
struct put {
  put_condition when;
};

struct release {}; ///< The reservation; then `released`, also where that failed: it runs out.

/// The end. `why` says why nothing was stored or computed, where there is something to say.
struct finished {
  memoization_outcome outcome;
  std::optional<error> why;
};

using any = std::variant<look_up, reserve, wait, compute, put, release, finished>;

} // namespace memoization_step

/// Says what to do next to memoize a task, and is told what came of it: look up; on a miss reserve;
/// ours: look up once more, compute, put, release; another's: wait and begin anew, so that one of
/// those who wait takes over from an owner that died. It does nothing by itself and knows no time,
/// so it serves blocking and asynchronous callers alike. Not thread-safe.
///
///     memoization task{options};
///     while (!std::holds_alternative<memoization_step::finished>(task.next()))
///       std::visit(do_it, task.next()); // which tells `task` what came of it
///
/// Telling it what does not answer `next` is a mistake in the program: std::logic_error.
class memoization {
public:
  explicit memoization(memoization_options options);

  const memoization_step::any& next() const { return next_; }

  /// There was an entry, and it was handed out.
  void found();

  /// There was an entry that can't be handed out. With `replace` (it is damaged) the result takes
  /// its place, where it is still this generation, if that is known.
  void rejected(bool replace, std::optional<std::uint64_t> generation);

  /// There was none.
  void missed();

  /// The cache could not be asked.
  void failed(const error& why);

  /// The reservation in force.
  void reserved(const reservation& held);

  /// None: the step's time.
  void waited(std::optional<duration> time = std::nullopt);

  /// The outputs are there to be put.
  void computed();

  void failed_to_compute();

  /// It was computed, but its outputs can't be stored.
  void not_to_be_stored(const error& why);

  void put(const result<put_status>& done);

  void released();

private:
  template <class Step>
  const Step& expect() const;

  void begin();
  void end(memoization_outcome outcome, std::optional<error> why = std::nullopt);
  put_condition condition() const;

  memoization_options options_;
  memoization_step::any next_;
  std::optional<fence> held_;                     // our reservation
  std::optional<memoization_step::finished> end_; // how it ends once the reservation is released
  bool out_of_reach_ = false;
  bool rejected_ = false; // an entry, in this round
  bool replace_ = false;  // that entry
  std::optional<std::uint64_t> generation_;
  duration pause_;
  duration waited_{};
};

} // namespace deja
