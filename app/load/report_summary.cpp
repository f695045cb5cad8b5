#include <deja/app/load/html.hpp>
#include <deja/app/load/quantity.hpp>
#include <deja/app/load/report_parts.hpp>

#include <ranges>

namespace deja::app::load {

namespace {

std::string notice(const std::string& style, const std::string& text) {
  return "<li class=\"" + style + "\">" + escaped(text) + "</li>\n";
}

std::string tile(const std::string& name, const std::string& value, const std::string& note,
                 const std::string& style = "") {
  return "<div class=\"" + style + "\"><dt>" + escaped(name) + "</dt><dd><b>" + escaped(value) +
         "</b> <small>" + escaped(note) + "</small></dd></div>\n";
}

} // namespace

std::string notices(reported_runs runs) {
  std::string list;
  const bool alone = runs.size() == 1;
  for (const auto& one : runs) {
    const auto& run = one.run;
    const auto whose = alone ? "" : one.label + ": ";
    if (run.wrong > 0)
      list += notice("bad", whose + count_text(run.wrong) + " wrong answers");
    for (const auto& outage : run.outages | std::views::take(10))
      list +=
          notice("bad", whose + "no service from " + time_text(outage.from) + " to " +
                            (outage.to ? time_text(*outage.to) : "the end") + ": " + outage.code);
    if (run.interrupted)
      list += notice("warn", whose + "interrupted after " + time_text(run.seconds_taken));
    for (const auto& warning : run.warnings | std::views::take(10))
      list += notice("warn", whose + warning);
  }
  return list.empty() ? "" : "<ul class=\"notices\">" + list + "</ul>\n";
}

std::string headline(const reported_run& reported) {
  const auto& run = reported.run;
  const auto& all = run.latency.at("all");
  const double errors = sum(run.errors);
  const double answered = run.seconds_taken > 0 ? (run.ok + run.wrong) / run.seconds_taken : 0;
  const auto due =
      run.loop == "closed"
          ? "of " + count_text(run.requests) + " requests"
          : "of " + number_text(run.seconds_taken > 0 ? run.due / run.seconds_taken : 0) + "/s due";
  const auto latency = [&](double value) {
    return all.count > 0 ? latency_text(value) : no_value;
  };
  std::string limit;
  if (run.goal)
    limit =
        tile("Limit", run.goal->limit_rate ? number_text(*run.goal->limit_rate) + "/s" : no_value,
             "keeps " + run.goal->goal);
  return "<dl class=\"tiles\">" + limit + tile("Answered", number_text(answered) + "/s", due) +
         tile("p50", latency(all.p50), "half were quicker") +
         tile("p99", latency(all.p99), "1 in 100 slower") +
         tile("p99.9", latency(all.p99_9), "1 in 1000 slower") +
         tile("Slowest", latency(all.max), "of " + count_text(all.count)) +
         tile("Errors", count_text(errors), share_text(errors, run.requests),
              errors > 0 ? "warn" : "") +
         tile("Wrong answers", count_text(run.wrong), "", run.wrong > 0 ? "bad" : "") + "</dl>\n";
}

} // namespace deja::app::load
