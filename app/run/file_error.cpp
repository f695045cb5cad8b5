#include <deja/app/run/file_error.hpp>
#include <deja/transport/blob/file_descriptor.hpp>

namespace deja::run {

error file_error(int number, std::string_view doing, const std::filesystem::path& path) {
  return system_error("can't " + std::string{doing} + " \"" + path.native() + '"', number);
}

} // namespace deja::run
