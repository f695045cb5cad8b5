#include <deja/app/load/rate_plan.hpp>

#include <deja/app/command_line.hpp>

#include <charconv>
#include <cmath>
#include <limits>

namespace deja::app::load {

namespace {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr double highest_rate = 10e6;

double due_in(const phase& part) {
  return part.length * (part.rate + part.rate_to) / 2;
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == by)
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

result<double> parse_rate(const std::string& text) {
  double rate = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, rate);
  if (problem == std::errc{} && rest == end && rate > 0 && rate <= highest_rate)
    return rate;
  return error{errc::invalid_argument,
               '"' + text + "\" is no rate: above 0 and at most 10000000 requests per second"};
}

result<double> parse_length(const std::string& text) {
  const auto span = parse_duration(text);
  if (!span)
    return span.error();
  if (*span < std::chrono::milliseconds{1})
    return error{errc::invalid_argument, '"' + text + "\" is too short, 1 ms at least"};
  return std::chrono::duration<double>(*span).count();
}

} // namespace

result<std::vector<phase>> rate_plan::parse_steps(const std::string& text) {
  std::vector<phase> phases;
  for (const auto& step : split(text, ',')) {
    const auto parts = split(step, ':');
    if (parts.size() != 2)
      return error{errc::invalid_argument,
                   '"' + step + "\" is no step: RATE:DURATION is wanted, as in 1000:10s"};
    const auto rate = parse_rate(parts[0]);
    if (!rate)
      return rate.error();
    const auto length = parse_length(parts[1]);
    if (!length)
      return length.error();
    phases.push_back({*length, *rate, *rate});
  }
  return phases;
}

result<std::vector<phase>> rate_plan::parse_ramp(const std::string& text) {
  const auto parts = split(text, ':');
  if (parts.size() != 3)
    return error{errc::invalid_argument,
                 '"' + text + "\" is no ramp: RATE:RATE:DURATION is wanted, as in 100:5000:30s"};
  const auto from = parse_rate(parts[0]), to = parse_rate(parts[1]);
  const auto length = parse_length(parts[2]);
  for (const auto* one : {&from, &to, &length})
    if (!*one)
      return one->error();
  return std::vector{phase{*length, *from, *to}};
}

rate_plan::rate_plan(std::vector<phase> phases) : phases_(std::move(phases)) {
  for (const auto& part : phases_) {
    length_ += part.length;
    due_ += due_in(part);
  }
}

double rate_plan::time_of(double requests) const {
  double start = 0;
  for (const auto& part : phases_) {
    const auto due = due_in(part);
    if (requests < due) {
      // Of the two roots of a quadratic equation the one that is exact for an even rate too.
      const auto change = (part.rate_to - part.rate) / part.length;
      return start +
             2 * requests / (part.rate + std::sqrt(part.rate * part.rate + 2 * change * requests));
    }
    requests -= due;
    start += part.length;
  }
  return never;
}

arrivals::arrivals(const rate_plan& plan, arrival_kind kind, std::uint64_t seed, unsigned share,
                   unsigned shares)
    : plan_(&plan), kind_(kind), random_(seed), shares_(shares),
      count_(kind == arrival_kind::fixed ? share : 0) {
  if (kind == arrival_kind::poisson)
    count_ += step();
  next_ = plan.time_of(count_);
}

double arrivals::step() {
  return kind_ == arrival_kind::fixed ? shares_ : -std::log1p(-random_.uniform()) * shares_;
}

void arrivals::advance() {
  count_ += step();
  next_ = plan_->time_of(count_);
}

} // namespace deja::app::load
