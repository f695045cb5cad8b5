#include <deja/app/run/notice.hpp>
#include <deja/app/run/stream.hpp>

#include <string>

namespace deja::run {

void say(std::string_view text) {
  // Where standard error is closed there is nobody to tell.
  [[maybe_unused]] const int problem =
      write_to(stream::errors, "deja: " + std::string{text} + '\n');
}

} // namespace deja::run
