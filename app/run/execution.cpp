#include <deja/app/run/execution.hpp>
#include <deja/app/run/file_error.hpp>
#include <deja/app/run/options.hpp>

namespace deja::run {

result<execution> execute(const command_plan& plan) {
  for (const auto& place : plan.places) {
    std::error_code problem;
    std::filesystem::remove_all(place, problem);
    if (problem)
      return error{errc::failed_precondition,
                   file_error(problem.value(), "remove the old output", place).message};
  }
  execution done;
  const auto began = std::chrono::steady_clock::now();
  auto end = run_process(plan.process, done.said);
  if (!end)
    return end.error();
  done.end = std::move(*end);
  done.took = std::chrono::steady_clock::now() - began;
  return done;
}

int status_of(const error& why) {
  switch (why.code) {
  case errc::not_found:
    return 127;
  case errc::permission_denied:
    return 126;
  default:
    return own_failure;
  }
}

} // namespace deja::run
