#include <deja/app/run/platform.hpp>

#include <fstream>
#include <sstream>

#include <sys/utsname.h>

namespace deja::run {

namespace {

std::string value_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(name) || line.substr(name.size(), 1) != "=")
      continue;
    auto value = line.substr(name.size() + 1);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    return std::string{value};
  }
  return "?";
}

std::string os_release() {
  for (const auto* path : {"/etc/os-release", "/usr/lib/os-release"})
    if (std::ifstream file{path}) {
      std::ostringstream text;
      text << file.rdbuf();
      return text.str();
    }
  return {};
}

} // namespace

std::string distribution_of(std::string_view os_release_text) {
  return value_of(os_release_text, "ID") + ' ' + value_of(os_release_text, "VERSION_ID");
}

std::string own_platform() {
  utsname machine{};
  const bool known = ::uname(&machine) == 0;
  return (known ? std::string{machine.machine} : "?") + ' ' + distribution_of(os_release());
}

} // namespace deja::run
