#include <deja/app/run/file_stamp.hpp>

#include <ctime>

#include <sys/stat.h>

namespace deja::run {

namespace {

using namespace std::chrono_literals;

constexpr duration coarse_tick = 10ms;
constexpr duration coarsest_tick = 2s; // FAT's

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

bool is_multiple_of(duration tick, std::int64_t time) {
  return time % tick.count() == 0;
}

} // namespace

file_stamp stamp_of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified = nanoseconds(status.st_mtim),
          .changed = nanoseconds(status.st_ctim)};
}

bool has_coarse_times(const file_stamp& stamp) {
  return is_multiple_of(coarse_tick, stamp.changed);
}

bool may_have_changed_since(wall_time moment, const file_stamp& stamp) {
  duration rounded_by = 0s;
  if (is_multiple_of(1s, stamp.changed))
    rounded_by = coarsest_tick;
  else if (has_coarse_times(stamp))
    rounded_by = coarse_tick;
  return duration{stamp.changed} + rounded_by >= moment.time_since_epoch();
}

wall_time kernel_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return wall_time{duration{nanoseconds(now)}};
}

} // namespace deja::run
