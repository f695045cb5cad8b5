#include <deja/actors/work_config.hpp>

namespace deja {

result<void> work_config::validate() const {
  const auto wrong = [](const std::string& field, auto value, const std::string& possible) {
    return error{errc::invalid_argument, "work queue: " + field + " is " + std::to_string(value) +
                                             "; " + possible + " are possible"};
  };
  constexpr duration longest = std::chrono::hours{24};
  if (workers == 0 || workers > 1024)
    return wrong("workers", workers, "1 to 1024");
  if (retry.attempts == 0)
    return wrong("retry.attempts", retry.attempts, "1 and more");
  if (retry.first_pause < duration::zero())
    return wrong("retry.first_pause", retry.first_pause.count(), "0 ns and more");
  if (retry.longest_pause < retry.first_pause || retry.longest_pause > longest)
    return wrong("retry.longest_pause", retry.longest_pause.count(), "first_pause to 24 h");
  if (max_in_flight == 0)
    return wrong("max_in_flight", max_in_flight, "1 and more");
  if (chunk == 0)
    return wrong("chunk", chunk, "1 and more");
  if (timeout < std::chrono::milliseconds{1} || timeout > longest)
    return wrong("timeout", timeout.count(), "1000000 ns (1 ms) to 24 h");
  return {};
}

} // namespace deja
