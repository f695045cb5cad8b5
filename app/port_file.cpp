#include <deja/app/port_file.hpp>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace deja::app {

result<void> write_port_file(const std::filesystem::path& file, std::uint16_t port) {
  const auto aside = file.string() + '.' + std::to_string(::getpid());
  std::error_code problem;
  if (std::ofstream out{aside}; !(out << port << '\n' << std::flush))
    problem = {errno, std::generic_category()};
  else
    std::filesystem::rename(aside, file, problem);
  if (!problem)
    return {};
  std::error_code ignored; // the first problem is the one to tell
  std::filesystem::remove(aside, ignored);
  return error{errc::failed_precondition,
               "can't write the port file \"" + file.string() + "\": " + problem.message()};
}

} // namespace deja::app
