#include <deja/app/load/document.hpp>

#include <algorithm>
#include <cstdio>

namespace deja::app::load {

namespace {

std::string rounded(double number, int digits = 0) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

// Above this share of a core a thread's own work shows in the latencies.
constexpr double busy = 0.9;

// Less than this share of what was due is worth a word.
constexpr double met = 0.98;

// Of this share of the requests the harness must have sent each in time.
constexpr double punctual = 0.99;

} // namespace

std::vector<done_phase> phases_of(const rate_plan& plan, const run_result& seen) {
  std::vector<done_phase> all;
  double from = 0;
  for (const auto& part : plan.phases()) {
    // What ended after the plan's end counts for its last phase, as that time does.
    const auto is_last = &part == &plan.phases().back();
    const auto to =
        is_last ? std::max(seen.duration, from) : std::min(from + part.length, seen.duration);
    double ended = 0, start = 0;
    for (const auto& one : seen.seconds) {
      const auto share = std::min(one.end, to) - std::max(start, from);
      if (share > 0)
        ended += static_cast<double>(one.all.made()) * share / (one.end - start);
      start = one.end;
    }
    all.push_back(
        {from, from + part.length, part.rate, part.rate_to, to > from ? ended / (to - from) : 0});
    from += part.length;
  }
  return all;
}

std::vector<std::string> warnings_of(const run_document& run) {
  std::vector<std::string> all;
  const auto& seen = run.seen;
  const bool is_async = run.how.mix[static_cast<std::size_t>(operation::async)] > 0;
  if (seen.busiest_thread > busy && !is_async) // there the harness is the executor's catalog
    all.push_back("the harness is the limit, not the service: a thread of it used " +
                  rounded(seen.busiest_thread, 2) + " of a core; give it more with --threads");
  const bool is_open =
      std::ranges::any_of(run.phases, [](const done_phase& one) { return one.rate > 0; });
  const auto due = static_cast<double>(seen.all.due);
  const auto made = static_cast<double>(seen.all.made());
  if (is_open && !run.goal && made < due * met)
    all.push_back("the rate could not be met: of " + std::to_string(seen.all.due) +
                  " requests that were due " + std::to_string(seen.all.made()) + " were made, " +
                  rounded(100 * (1 - made / due)) + " % less (" + rounded(made / seen.duration) +
                  " instead of " + rounded(due / seen.duration) + " a second)");
  if (static_cast<double>(seen.all.late) > made * (1 - punctual))
    all.push_back("the harness was late: it sent " +
                  rounded(100 * static_cast<double>(seen.all.late) / made, 1) +
                  " % of the requests over 1 ms after they were due, though a connection was "
                  "free; the machine is busy, and that is in the latencies");
  if (!seen.outages.empty()) {
    const auto& first = seen.outages.front();
    all.push_back("the service could not be reached " + std::to_string(seen.outages.size()) +
                  (seen.outages.size() == 1 ? " time" : " times") + ", first after " +
                  rounded(first.from, 1) + " s" +
                  (first.to ? " for " + rounded(*first.to - first.from, 1) + " s"
                            : ", and did not come back"));
  }
  for (std::size_t at = 0; at < seen.first_texts.size(); ++at)
    if (seen.all.errors[at] > 0)
      all.push_back(std::to_string(seen.all.errors[at]) + " requests failed with " +
                    std::string{to_string(errc{static_cast<std::uint8_t>(at)})} +
                    (seen.first_texts[at].empty() ? "" : ", the first: " + seen.first_texts[at]));
  return all;
}

} // namespace deja::app::load
