#include <deja/app/run/file_error.hpp>
#include <deja/app/run/report.hpp>
#include <deja/transport/blob/file_descriptor.hpp>

#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>

namespace deja::run {

namespace {

std::string seconds(duration span) {
  std::array<char, 32> text{};
  const auto length =
      std::snprintf(text.data(), text.size(), "%.6f", std::chrono::duration<double>(span).count());
  return {text.data(), static_cast<std::size_t>(length)};
}

/// Of printable ASCII, as keys are.
std::string in_quotes(std::string_view text) {
  std::string json = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\')
      json += '\\';
    json += letter;
  }
  return json + '"';
}

} // namespace

std::string_view to_string(outcome what) {
  switch (what) {
  case outcome::hit:
    return "hit";
  case outcome::stored:
    return "computed_and_stored";
  case outcome::lost_race:
    return "lost_race";
  case outcome::not_stored:
    return "not_stored";
  case outcome::failed:
    return "failed";
  case outcome::unremembered:
    return "unremembered";
  case outcome::refused:
    return "refused";
  }
  return "unknown";
}

std::string_view to_string(verification what) {
  switch (what) {
  case verification::same:
    return "verified";
  case verification::different:
    return "different";
  case verification::not_compared:
    return "not_compared";
  }
  return "unknown";
}

std::string to_json(const run_report& line) {
  const auto became = line.verified ? to_string(*line.verified) : to_string(line.outcome);
  return "{\"key\":" + in_quotes(line.key) + ",\"outcome\":" + in_quotes(became) +
         ",\"seconds\":" + seconds(line.took) + ",\"seconds_saved\":" + seconds(line.saved) +
         ",\"bytes\":" + std::to_string(line.bytes) + ",\"status\":" + std::to_string(line.status) +
         "}\n";
}

result<void> append_report(const std::filesystem::path& file, const run_report& line) {
  const file_descriptor report{
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
  if (!report)
    return file_error(errno, "open the report", file);
  return write_all(report.get(), to_json(line),
                   "can't append to the report \"" + file.native() + '"');
}

} // namespace deja::run
