#include <deja/messages/clock.hpp>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <system_error>

namespace deja {

namespace {

constexpr auto boot_id_file = "/proc/sys/kernel/random/boot_id";

std::string read_boot_id() {
  std::ifstream file{boot_id_file};
  std::string id;
  if (!std::getline(file, id) || id.empty())
    throw failure({errc::unavailable, std::string{"cannot read the boot's id from "} +
                                          boot_id_file + "; is /proc mounted?"});
  return id;
}

class system_clock final : public clock {
public:
  wall_time now() const override {
    return std::chrono::time_point_cast<wall_time::duration>(std::chrono::system_clock::now());
  }

  duration since_boot() const override {
    timespec time{};
    if (clock_gettime(CLOCK_BOOTTIME, &time) != 0)
      throw std::system_error{errno, std::generic_category(), "cannot read CLOCK_BOOTTIME"};
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  }

  std::string boot_id() const override { return boot_id_; }

private:
  std::string boot_id_ = read_boot_id();
};

} // namespace

std::shared_ptr<const clock> clock::system() {
  static const auto clock = std::make_shared<const system_clock>();
  return clock;
}

} // namespace deja
