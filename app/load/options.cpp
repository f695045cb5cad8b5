#include <deja/app/load/options.hpp>

#include <deja/app/command_line.hpp>

#include <algorithm>
#include <charconv>

namespace deja::app::load {

namespace {

using o = load_options;

constexpr auto texts = std::to_array<load_option>({
    {"target", &o::target, "URL",
     "the service: http://HOST:PORT, https://… or unix:PATH [DEJA_SERVER]"},
    {"token-file", &o::token_file, "FILE", "the access token is its first line [DEJA_TOKEN_FILE]"},
    {"op", &o::op, "OPERATION",
     "get, miss, put, put-again, overwrite, reserve, memoize, wait, async or mix [default: get]"},
    {"mix", &o::mix, "OP=WEIGHT,…",
     "how often each operation is done [default: get=80,miss=5,put=10,reserve=5]"},
    {"connections", &o::connections, "N", "connections to the service [default: 16]"},
    {"threads", &o::threads, "N", "threads that the connections are shared among [default: 1]"},
    {"batch", &o::batch, "N", "keys a request, by deja.v1 where above 1 [default: 1]"},
    {"encoding", &o::encoding, "proto|json", "of the bodies [default: proto]"},
    {"duration", &o::duration, "D",
     "how long; with --find-limit, how long each rate is tried [default: 10s, 5s]"},
    {"rate", &o::rate, "R|max",
     "requests a second, due whether or not earlier ones are answered; max: as fast as the "
     "connections allow [default: max]"},
    {"steps", &o::steps, "R:D,…", "one rate after the other, each for a time: 1000:10s,2000:10s"},
    {"ramp", &o::ramp, "R:R:D", "from one rate to another within a time: 100:5000:30s"},
    {"arrivals", &o::arrivals, "poisson|fixed",
     "when requests are due: at random or evenly [default: poisson]"},
    {"timeout", &o::timeout, "D",
     "a request that isn't answered so long after it was due has failed [default: 10s]"},
    {"goal", &o::goal, "pN=D", "what --find-limit must keep: p99=20ms"},
    {"keys", &o::keys, "N", "keys that are put before the run [default: 10000]"},
    {"distribution", &o::distribution, "uniform|zipf:S",
     "which of them are asked for [default: uniform]"},
    {"value-size", &o::value_size, "SIZES",
     "fixed:N, uniform:A:B or lognormal:MEDIAN:SIGMA bytes [default: fixed:250]"},
    {"seed", &o::seed, "N", "repeats keys, values and choices [default: 1]"},
    {"name", &o::name, "TEXT", "what the run is called in reports"},
});

constexpr auto flags = std::to_array<load_switch>({
    {"find-limit", &o::find_limit, "look for the highest rate that keeps --goal"},
    {"no-fill", &o::no_fill,
     "put no keys first: an earlier run with this seed did, and overwrote none"},
});

/// As many connections a catalog may have.
constexpr unsigned most_async_batches = 1024;

error wrong(const char* flag, const std::string& text, const std::string& wanted) {
  return {errc::invalid_argument, std::string{"--"} + flag + " is \"" + text + "\", " + wanted};
}

template <class Number>
result<Number> read_number(const char* flag, const std::string& text, Number usual, Number least,
                           Number most) {
  if (text.empty())
    return usual;
  Number number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  if (problem == std::errc{} && rest == end && number >= least && number <= most)
    return number;
  return wrong(flag, text,
               "a number from " + std::to_string(least) + " to " + std::to_string(most) +
                   " is wanted");
}

result<std::chrono::nanoseconds> read_span(const char* flag, const std::string& text,
                                           std::chrono::nanoseconds usual,
                                           std::chrono::nanoseconds most, const char* limits) {
  if (text.empty())
    return usual;
  const auto span = parse_duration(text);
  if (!span)
    return within(std::string{"--"} + flag, span.error());
  if (*span < std::chrono::milliseconds{1} || *span > most)
    return wrong(flag, text, std::string{"a duration "} + limits + " is wanted");
  return *span;
}

std::string or_else(const std::string& text, const char* usual) {
  return text.empty() ? usual : text;
}

error contradiction(const char* one, const char* other) {
  return {errc::invalid_argument,
          std::string{"--"} + one + " and --" + other + " can't be given together"};
}

result<void> check_together(const load_options& asked) {
  const auto is_given = [&](const char* name) {
    for (const auto& one : texts)
      if (std::string_view{one.name} == name)
        return !(asked.*one.text).empty();
    return false;
  };
  constexpr auto pairs = std::to_array<std::pair<const char*, const char*>>({{"rate", "steps"},
                                                                             {"rate", "ramp"},
                                                                             {"steps", "ramp"},
                                                                             {"duration", "steps"},
                                                                             {"duration", "ramp"}});
  for (const auto& [one, other] : pairs)
    if (is_given(one) && is_given(other))
      return contradiction(one, other);
  if (asked.find_limit)
    for (const auto* other : {"rate", "steps", "ramp"})
      if (is_given(other))
        return contradiction("find-limit", other);
  if (asked.find_limit != is_given("goal"))
    return error{errc::invalid_argument, asked.find_limit
                                             ? "--find-limit wants a --goal, as in --goal p99=20ms"
                                             : "--goal is for --find-limit"};
  if (is_given("mix") && is_given("op") && asked.op != "mix")
    return error{errc::invalid_argument,
                 "--op is \"" + asked.op + "\", but with --mix it may only be mix"};
  return {};
}

result<void> read_mix(const load_options& asked, settings& into) {
  const auto op = or_else(asked.op, asked.mix.empty() ? "get" : "mix");
  const bool is_mix = op == "mix";
  into.mix_text = is_mix ? or_else(asked.mix, "get=80,miss=5,put=10,reserve=5") : op;
  auto mix = parse_mix(into.mix_text);
  if (!mix || (!is_mix && op.find_first_of(",=") != op.npos))
    return within(is_mix ? "--mix" : "--op",
                  mix ? error{errc::invalid_argument, '"' + op + "\" is no single operation"}
                      : mix.error());
  into.mix = *mix;
  return {};
}

result<void> read_plan(const load_options& asked, settings& into) {
  using namespace std::chrono_literals;
  const auto length = read_span("duration", asked.duration, asked.find_limit ? 5s : 10s,
                                std::chrono::hours{24 * 30}, "from 1ms to 30d");
  if (!length)
    return length.error();
  const auto seconds = std::chrono::duration<double>(*length).count();
  if (asked.find_limit) {
    auto goal = parse_goal(asked.goal);
    if (!goal)
      return within("--goal", goal.error());
    into.goal = *goal;
    into.probe_length = seconds;
    return {};
  }
  into.phases = {{seconds, 0, 0}};
  if (asked.steps.empty() && asked.ramp.empty() && !asked.rate.empty() && asked.rate != "max") {
    const auto rate = read_number("rate", asked.rate, 0.0, 0.001, 10e6);
    if (!rate)
      return wrong("rate", asked.rate,
                   "max or a number from 0.001 to 10000000 requests a second is wanted");
    into.phases = {{seconds, *rate, *rate}};
  }
  for (const auto& [flag, text, parse] :
       {std::tuple{"--steps", &asked.steps, &rate_plan::parse_steps},
        std::tuple{"--ramp", &asked.ramp, &rate_plan::parse_ramp}})
    if (!text->empty()) {
      auto phases = parse(*text);
      if (!phases)
        return within(flag, phases.error());
      into.phases = std::move(*phases);
    }
  return {};
}

bool has(const settings& how, operation what) {
  return how.mix[static_cast<std::size_t>(what)] > 0;
}

result<void> check_possible(const settings& how) {
  if (how.threads > how.connections)
    return error{errc::invalid_argument, "--threads is " + std::to_string(how.threads) +
                                             ", it may be --connections (" +
                                             std::to_string(how.connections) + ") at most"};
  const auto writers = std::uint64_t{how.connections} * how.batch;
  if (has(how, operation::overwrite) && how.keys < writers)
    return error{errc::invalid_argument,
                 "--keys is " + std::to_string(how.keys) + ", but overwrite on " +
                     std::to_string(how.connections) + " connections needs " +
                     std::to_string(writers) + ": a key each that no other writes"};
  if (has(how, operation::wait) && how.batch > 1)
    return error{errc::invalid_argument, "--batch is " + std::to_string(how.batch) +
                                             ", but wait has one key a request: 1 is wanted"};
  if (has(how, operation::async) && how.mix_text != "async")
    return error{errc::invalid_argument,
                 "--mix is \"" + how.mix_text + "\", but async can't be mixed with others"};
  if (has(how, operation::async) && how.connections > most_async_batches)
    return error{errc::invalid_argument, "--connections is " + std::to_string(how.connections) +
                                             ", with async it may be " +
                                             std::to_string(most_async_batches) + " at most"};
  return {};
}

} // namespace

std::span<const load_option> text_options() {
  return texts;
}

std::span<const load_switch> switches() {
  return flags;
}

load_options merged(load_options first, load_options second) {
  // Where only one of some can be given, it takes the place of all.
  const auto is_given = [&](std::initializer_list<std::string o::*> any) {
    return std::ranges::any_of(any, [&](auto one) { return !(first.*one).empty(); });
  };
  const auto forget = [&](std::initializer_list<std::string o::*> all) {
    for (const auto one : all)
      (second.*one).clear();
  };
  if (is_given({&o::op, &o::mix}))
    forget({&o::op, &o::mix});
  if (is_given({&o::steps, &o::ramp}))
    forget({&o::duration});
  if (is_given({&o::rate, &o::steps, &o::ramp})) {
    forget({&o::rate, &o::steps, &o::ramp, &o::goal});
    second.find_limit = false;
  }
  if (first.find_limit)
    forget({&o::rate, &o::steps, &o::ramp});
  for (const auto& one : texts)
    if ((first.*one.text).empty())
      first.*one.text = second.*one.text;
  for (const auto& one : flags)
    first.*one.is_on = first.*one.is_on || second.*one.is_on;
  return first;
}

result<latency_goal> parse_goal(const std::string& text) {
  const auto equals = text.find('=');
  double percent = 0;
  if (text.starts_with('p') && equals != text.npos) {
    const auto* end = text.data() + equals;
    const auto [rest, problem] = std::from_chars(text.data() + 1, end, percent);
    const auto latency = parse_duration(text.substr(equals + 1));
    if (problem == std::errc{} && rest == end && percent > 0 && percent <= 100 && latency &&
        latency->count() > 0)
      return latency_goal{text, percent / 100, *latency};
  }
  return error{errc::invalid_argument,
               '"' + text +
                   "\" is no goal: a percentile above 0 and at most 100 and a duration "
                   "are wanted, as in p99=20ms"};
}

result<settings> read_settings(const load_options& asked) {
  using namespace std::chrono_literals;
  if (auto together = check_together(asked); !together)
    return together.error();
  if (asked.target.empty())
    return error{errc::invalid_argument,
                 "--target is missing: the URL of a cache service, as http://127.0.0.1:8094"};
  auto url = parse_service_url(asked.target);
  if (!url)
    return within("--target", url.error());
  auto token = read_token(asked.token_file);
  if (!token)
    return within("--token-file", token.error());

  const auto connections = read_number("connections", asked.connections, 16U, 1U, 10'000U);
  const auto threads = read_number("threads", asked.threads, 1U, 1U, 256U);
  const auto batch = read_number("batch", asked.batch, 1U, 1U, 1024U);
  const auto keys = read_number<std::uint64_t>("keys", asked.keys, 10'000, 1, 10'000'000);
  const auto seed = read_number<std::uint64_t>("seed", asked.seed, 1, 0, 1'000'000'000'000);
  const auto timeout =
      read_span("timeout", asked.timeout, 10s, 15s, "from 1ms to 15s, half a reservation's life,");
  for (const auto* one : {&connections, &threads, &batch})
    if (!*one)
      return one->error();
  for (const auto* one : {&keys, &seed})
    if (!*one)
      return one->error();
  if (!timeout)
    return timeout.error();
  const auto distribution_text = or_else(asked.distribution, "uniform");
  const auto sizes_text = or_else(asked.value_size, "fixed:250");
  const auto distribution = key_choice::parse(distribution_text, *keys);
  if (!distribution)
    return within("--distribution", distribution.error());
  const auto sizes = value_sizes::parse(sizes_text);
  if (!sizes)
    return within("--value-size", sizes.error());

  settings how{.name = asked.name,
               .target = asked.target,
               .url = *url,
               .access_token = *token,
               .mix_text = {},
               .mix = {},
               .connections = *connections,
               .threads = *threads,
               .batch = *batch,
               .keys = *keys,
               .distribution_text = distribution_text,
               .value_size_text = sizes_text,
               .distribution = *distribution,
               .sizes = *sizes,
               .fill = !asked.no_fill,
               .seed = *seed,
               .phases = {},
               .goal = {},
               .timeout = *timeout};
  if (!asked.encoding.empty() && asked.encoding != "proto" && asked.encoding != "json")
    return wrong("encoding", asked.encoding, "proto or json is wanted");
  how.body = asked.encoding == "json" ? encoding::json : encoding::proto;
  if (!asked.arrivals.empty() && asked.arrivals != "poisson" && asked.arrivals != "fixed")
    return wrong("arrivals", asked.arrivals, "poisson or fixed is wanted");
  how.arrival = asked.arrivals == "fixed" ? arrival_kind::fixed : arrival_kind::poisson;
  auto read = read_mix(asked, how);
  if (read)
    read = read_plan(asked, how);
  if (read)
    read = check_possible(how);
  if (!read)
    return read.error();
  if (how.name.empty())
    how.name = asked.mix.empty() && asked.op != "mix" ? or_else(asked.op, "get") : "mix";
  return how;
}

} // namespace deja::app::load
