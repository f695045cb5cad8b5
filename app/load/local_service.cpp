#include <deja/app/load/local_service.hpp>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <unistd.h>
#include <vector>

namespace deja::app::load {

namespace {

namespace fs = std::filesystem;

/// The inode of the socket that listens at a port, by the kernel's table.
std::optional<std::string> listening_socket(const char* table, std::uint16_t port) {
  std::ifstream file{table};
  std::string line;
  std::getline(file, line); // the titles
  while (std::getline(file, line)) {
    std::istringstream words{line};
    std::string number, local, remote, state, skipped, inode;
    words >> number >> local >> remote >> state;
    for (int n = 0; n < 5; ++n)
      words >> skipped;
    words >> inode;
    const auto colon = local.rfind(':');
    unsigned at = 0;
    if (colon == local.npos ||
        std::from_chars(local.data() + colon + 1, local.data() + local.size(), at, 16).ec !=
            std::errc{})
      continue;
    if (state == "0A" && at == port)
      return inode;
  }
  return std::nullopt;
}

std::optional<::pid_t> owner_of(const std::string& inode) {
  const auto wanted = "socket:[" + inode + ']';
  // Processes end meanwhile: an iterator must not throw for it.
  std::error_code problem;
  for (fs::directory_iterator process{"/proc", problem}, end; !problem && process != end;
       process.increment(problem)) {
    const auto name = process->path().filename().string();
    ::pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr !=
        name.data() + name.size())
      continue;
    std::error_code hidden, closed; // another user's process; a file that is closed meanwhile
    for (fs::directory_iterator file{process->path() / "fd", hidden}; !hidden && file != end;
         file.increment(hidden))
      if (fs::read_symlink(file->path(), closed) == wanted)
        return pid;
  }
  return std::nullopt;
}

std::string proc_file(::pid_t pid, const char* name) {
  std::ifstream file{"/proc/" + std::to_string(pid) + '/' + name};
  std::string text;
  std::getline(file, text);
  return text;
}

} // namespace

std::optional<local_service> local_service::find(const address& where) {
  if (!where.is_local || where.family() == AF_UNIX)
    return std::nullopt;
  // The port lies at the same place in both forms.
  const auto port = ntohs(reinterpret_cast<const ::sockaddr_in&>(where.bytes).sin_port);
  for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"})
    if (const auto inode = listening_socket(table, port))
      if (const auto pid = owner_of(*inode))
        return local_service{*pid};
  return std::nullopt;
}

std::optional<double> local_service::cpu_time() const {
  const auto text = proc_file(pid_, "stat");
  const auto name_end = text.rfind(')'); // the name may have anything in it
  if (name_end == text.npos)
    return std::nullopt;
  std::istringstream words{text.substr(name_end + 1)};
  std::string skipped;
  for (int n = 0; n < 11; ++n)
    words >> skipped;
  double user = 0, system = 0;
  if (!(words >> user >> system))
    return std::nullopt;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<std::uint64_t> local_service::resident() const {
  std::istringstream words{proc_file(pid_, "statm")};
  std::uint64_t all = 0, resident = 0;
  if (!(words >> all >> resident))
    return std::nullopt;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace deja::app::load
