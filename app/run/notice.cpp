#include <deja/app/run/descriptor.hpp>
#include <deja/app/run/notice.hpp>

namespace deja::run {

void say(std::string_view text) {
  // Where standard error is closed there is nobody to tell.
  [[maybe_unused]] const int problem =
      write_all(STDERR_FILENO, "deja: " + std::string{text} + '\n');
}

} // namespace deja::run
