#include <deja/app/run/execution.hpp>
#include <deja/app/run/file_error.hpp>
#include <deja/app/run/file_stamp.hpp>
#include <deja/app/run/options.hpp>

#include <algorithm>
#include <thread>

namespace deja::run {

namespace {

/// The kernel's clock ticks at least every 10 ms; one that was set back is not waited for.
void wait_until_after(wall_time moment) {
  for (int patience = 40; patience > 0 && kernel_time() <= moment; --patience)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

result<void> remove_depfile(const command_plan& plan) {
  std::error_code problem;
  if (plan.depfile)
    std::filesystem::remove(*plan.depfile, problem);
  if (problem)
    return error{errc::failed_precondition,
                 file_error(problem.value(), "remove the old depfile", *plan.depfile).message};
  return {};
}

} // namespace

result<execution> execute(const command_plan& plan) {
  for (const auto& place : plan.places) {
    std::error_code problem;
    std::filesystem::remove_all(place, problem);
    if (problem)
      return error{errc::failed_precondition,
                   file_error(problem.value(), "remove the old output", place).message};
  }
  if (auto done = remove_depfile(plan); !done)
    return done.error();
  wait_until_after(plan.after);
  execution done;
  done.began = kernel_time();
  const auto began = std::chrono::steady_clock::now();
  auto end = run_process(plan.process, done.said);
  if (!end)
    return end.error();
  done.end = std::move(*end);
  done.took = std::chrono::steady_clock::now() - began;
  done.began = std::min<wall_time>(done.began, std::chrono::system_clock::now() - done.took);
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
