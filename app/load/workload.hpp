#pragma once

#include <deja/app/load/cache_wire.hpp>
#include <deja/app/load/key_states.hpp>
#include <deja/app/load/settings.hpp>

#include <deque>

namespace deja::app::load {

/// What all threads of a run share.
struct shared_state {
  explicit shared_state(const settings& how);

  std::uint64_t run; ///< Tells it from all other runs.
  payload texts;
  version_table versions;
  holder_table holders;
  std::atomic<std::uint64_t> filled{0};    ///< Keys of the population whose put has been begun.
  std::atomic<std::uint64_t> fill_done{0}; ///< And has been answered.
  std::atomic<bool> fill_failed{false};    ///< A key could not be put: no further one is begun.
};

/// A request on its way through its calls.
struct task {
  operation what = operation::get;
  unsigned step = 0; ///< Which of its calls.
  method which = method::get;
  std::uint64_t owner = 0;
  std::vector<item> items;
  std::vector<std::uint32_t> oldest; ///< Version of each item that may still be read.
  std::vector<answer> answers;
};

/// What came of a call.
struct verdict {
  bool is_done = true;  ///< Else the request's next call is due.
  errc code = errc::ok; ///< Why the request failed.
  std::string wrong{};  ///< Where the answer is not what it must be: what it was.
  std::string why{};    ///< What the answer told of a failure.
};

/// Chooses a thread's requests, writes their calls and judges the answers. Knows nothing of sockets
/// or time. Not thread-safe.
class workload {
public:
  workload(const settings& how, shared_state& shared, unsigned thread);

  /// Begins a request; false where there is none left to begin, which only `fill` knows.
  bool start(task& which);

  /// The keys that are waited for and must be put: by another connection, with `start_errand`.
  bool has_errands() const { return !errands_.empty(); }

  void start_errand(task& which);

  /// Appends the HTTP request of the call that is due.
  void write(const task& which, std::string& to);

  /// Reads its answer. Where it tells nothing of the keys, why; the request has failed then.
  std::optional<verdict> read(task& which, int status, std::string_view content_type,
                              std::string_view body);

  /// Judges what was read, and moves the request on.
  verdict judge(task& which);

  /// There was no answer that tells of the keys; where `may_have_run`, it is not known whether the
  /// call took effect.
  void abandon(task& which, bool may_have_run);

  /// The operation that is chosen most.
  operation commonest() const;

private:
  method many_or_one(method one) const;
  void choose(task& which);
  void choose_overwrites(task& which);
  item fresh();
  void aim(task& which);
  bool go_on(task& which);
  void settle(task& which, std::size_t at, errc code);
  void let_go(const task& which);
  std::string check_hit(const task& which, std::size_t at) const;
  std::string check_reservation(task& which, std::size_t at);

  const settings& how_;
  shared_state& shared_;
  random_source random_;
  std::unique_ptr<cache_wire> wire_;
  std::array<std::string, method_count> heads_; // of the requests, up to their length
  std::string body_;
  double weights_ = 0; // of the mix
  std::uint64_t next_number_, next_owner_;
  std::deque<key_ref> errands_;
};

} // namespace deja::app::load
