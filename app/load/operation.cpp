#include <deja/app/load/operation.hpp>

#include <charconv>

namespace deja::app::load {

namespace {

constexpr std::array<std::string_view, operation_count> names = {
    "get",     "miss", "put",   "put-again", "overwrite", "reserve",
    "memoize", "wait", "async", "upload",    "download",  "fill"};

constexpr auto last_to_ask_for = static_cast<std::size_t>(operation::async);

std::optional<operation> parse_operation(std::string_view name) {
  for (std::size_t at = 0; at < names.size(); ++at)
    if (names[at] == name && at <= last_to_ask_for)
      return operation{static_cast<std::uint8_t>(at)};
  return std::nullopt;
}

error wrong(std::string_view part, const std::string& why) {
  return {errc::invalid_argument, '"' + std::string{part} + "\" " + why};
}

std::string all_names() {
  std::string all;
  for (std::size_t at = 0; at <= last_to_ask_for; ++at)
    all += (all.empty() ? "" : ", ") + std::string{names[at]};
  return all;
}

} // namespace

std::string_view to_string(operation what) {
  return names[static_cast<std::size_t>(what)];
}

result<operation_mix> parse_mix(const std::string& text) {
  operation_mix mix{};
  double sum = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const auto comma = rest.find(',');
    const auto part = rest.substr(0, comma);
    rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    const auto equals = part.find('=');
    const auto what = parse_operation(part.substr(0, equals));
    if (!what)
      return wrong(part, "names no operation; there are " + all_names());
    double weight = 1;
    if (equals != part.npos) {
      const auto number = part.substr(equals + 1);
      const auto [end, problem] =
          std::from_chars(number.data(), number.data() + number.size(), weight);
      if (problem != std::errc{} || end != number.data() + number.size() || !(weight >= 0) ||
          weight > 1e6)
        return wrong(part, "has no weight from 0 to 1000000");
    }
    if (mix[static_cast<std::size_t>(*what)] != 0)
      return wrong(part, "is there twice");
    mix[static_cast<std::size_t>(*what)] = weight;
    sum += weight;
  }
  if (sum == 0)
    return wrong(text, "has no operation with a weight above 0");
  return mix;
}

bool needs_fill(const operation_mix& mix) {
  for (const auto what : {operation::get, operation::put_again, operation::overwrite})
    if (mix[static_cast<std::size_t>(what)] > 0)
      return true;
  return false;
}

} // namespace deja::app::load
