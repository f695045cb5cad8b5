#include <deja/app/command_line.hpp>

#include <deja/app/plain_text.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>

namespace deja::app {

std::optional<int> parse(CLI::App& options, int argc, char** argv, int usage_status) {
  try {
    options.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return options.exit(asked);
  } catch (const CLI::ParseError& wrong) {
    std::cerr << "deja: " << wrong.what() << "; see `" << options.get_name() << " --help`\n";
    return usage_status;
  }
  return std::nullopt;
}

int fail(const error& why, int status) {
  std::cerr << "deja: " << printable(why.message) << '\n';
  return status;
}

result<std::chrono::nanoseconds> parse_duration(const std::string& text) {
  struct unit {
    std::string_view name;
    double nanoseconds;
  };

  static constexpr auto units =
      std::to_array<unit>({{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}});
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  const std::string_view name{rest, static_cast<std::size_t>(end - rest)};
  if (problem == std::errc{} && std::isfinite(number) && number >= 0)
    for (const auto& known : units)
      if (known.name == name && number * known.nanoseconds < 9.2e18)
        return std::chrono::nanoseconds{std::llround(number * known.nanoseconds)};
  return error{errc::invalid_argument, "\"" + text +
                                           "\" is no duration: a number and one of ms, s, m, h, d "
                                           "are wanted, as in 500ms or 1.5h, at most 106751d"};
}

void stand_in(std::string& value, const char* variable) {
  if (const char* set = std::getenv(variable); value.empty() && set)
    value = set;
}

std::string not_empty(const std::string& given) {
  return given.empty() ? "is empty" : "";
}

result<std::string> read_token(const std::string& file) {
  if (file.empty())
    return std::string{};
  std::string token;
  if (std::ifstream stream{file}; !std::getline(stream, token))
    return error{errc::invalid_argument, "can't read an access token from \"" + file + "\""};
  return token;
}

} // namespace deja::app
