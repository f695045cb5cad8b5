#include <deja/app/upkeep_options.hpp>

#include <deja/app/command_line.hpp>

namespace deja::app {

namespace {

result<void> add_lifetime(call_limits& limits, const std::string& text) {
  const auto equals = text.rfind('=');
  const auto span = parse_duration(equals == text.npos ? text : text.substr(equals + 1));
  if (!span)
    return span.error();
  if (equals == text.npos)
    limits.lifetime = *span;
  else
    limits.project_lifetimes.insert_or_assign(text.substr(0, equals), *span);
  return limits.validate();
}

result<void> read_span(duration& into, const std::string& text) {
  const auto span = parse_duration(text);
  if (!span)
    return span.error();
  into = *span;
  return {};
}

} // namespace

void add_options(CLI::App& app, upkeep_options& into) {
  app.add_option("--lifetime", into.lifetimes,
                 "entries expire so long after they were put, all or a project's; may be repeated")
      ->allow_extra_args(false)
      ->type_name("[PROJECT=]D");
  app.add_option("--max-entries", into.max_entries,
                 "with more entries than this, the longest unused go")
      ->type_name("N");
  app.add_option("--max-bytes", into.max_bytes,
                 "with more bytes in entries and the contents that they name, the longest unused "
                 "go; as in 10GB")
      ->transform(CLI::AsSizeValue{false})
      ->type_name("N");
  app.add_option("--sweep-interval", into.sweep_interval, "how often it is looked what is to go")
      ->type_name("D")
      ->capture_default_str();
  app.add_option("--grace", into.grace,
                 "contents that no entry names stay so long after they were written or renewed")
      ->type_name("D")
      ->capture_default_str();
  app.add_option("--access-grain", into.access_grain, "how exactly the last use is recorded")
      ->type_name("D")
      ->capture_default_str();
  app.add_flag("--collect-contents", into.collect_contents,
               "remove contents that no entry names also where --index or --store is given: the "
               "store is this index's alone");
  app.add_flag("--check-blobs", into.check_blobs,
               "an entry whose blobs are gone from the store is a miss");
}

result<upkeep> read_upkeep(const upkeep_options& asked) {
  upkeep read;
  for (const auto& text : asked.lifetimes)
    if (auto added = add_lifetime(read.limits, text); !added)
      return within("--lifetime " + text, added.error());
  auto& [sweeper, log, limits] = read;
  for (const auto& [flag, text, into] :
       {std::tuple{"--sweep-interval", &asked.sweep_interval, &sweeper.every},
        std::tuple{"--grace", &asked.grace, &sweeper.plan.grace},
        std::tuple{"--access-grain", &asked.access_grain, &log.grain}})
    if (auto done = read_span(*into, *text); !done)
      return within(flag, done.error());
  sweeper.plan.max_entries = asked.max_entries;
  sweeper.plan.max_bytes = asked.max_bytes;
  sweeper.flush_every = std::min(sweeper.flush_every, sweeper.every);
  if (auto valid = sweeper.validate(); !valid)
    return valid.error();
  return read;
}

} // namespace deja::app
