#include <deja/app/run/file_error.hpp>
#include <deja/app/run/tool.hpp>
#include <deja/transport/blob/file_descriptor.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>

namespace deja::run {

namespace {

// What execvp searches where PATH is unset (glibc's confstr(_CS_PATH)).
constexpr std::string_view default_path = "/bin:/usr/bin";

// Linux follows no more interpreters of interpreters than this.
constexpr int most_interpreters = 4;

enum class state { missing, unusable, executable };

state look_at(const std::filesystem::path& path) {
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0)
    return errno == EACCES ? state::unusable : state::missing;
  const bool usable =
      S_ISREG(status.st_mode) && ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
  return usable ? state::executable : state::unusable;
}

result<std::filesystem::path> search(const std::string& command, const variables& seen) {
  bool unusable = false;
  const auto try_one = [&](const std::filesystem::path& path) {
    const auto found = look_at(path);
    unusable = unusable || found == state::unusable;
    return found == state::executable;
  };
  if (command.find('/') != std::string::npos) {
    if (try_one(command))
      return command;
  } else if (!command.empty()) {
    const auto set = seen.find("PATH");
    std::string_view folders = set == seen.end() ? default_path : std::string_view{set->second};
    for (bool more = true; more;) {
      const auto colon = folders.find(':');
      more = colon != std::string_view::npos;
      const auto folder = folders.substr(0, colon);
      // An empty element is the working folder.
      const auto path = std::filesystem::path{folder.empty() ? "." : folder} / command;
      if (try_one(path))
        return path;
      folders.remove_prefix(more ? colon + 1 : folders.size());
    }
  }
  if (unusable)
    return error{errc::permission_denied, "\"" + command + "\" can't be executed"};
  return error{errc::not_found, "there is no command \"" + command + "\""};
}

/// The file's first bytes: as much as Linux reads to find an interpreter.
result<std::string> head_of(const std::filesystem::path& path) {
  const file_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, 256> head{};
  const auto got = file ? ::read(file.get(), head.data(), head.size()) : -1;
  if (got < 0) // It may well be executable, but can't be told from another.
    return error{errc::failed_precondition, file_error(errno, "read the command", path).message};
  return std::string{head.data(), static_cast<std::size_t>(got)};
}

std::vector<std::string> words_of(std::string_view line) {
  constexpr std::string_view blank = " \t\r";
  std::vector<std::string> words;
  for (;;) {
    const auto begin = line.find_first_not_of(blank);
    if (begin == std::string_view::npos)
      return words;
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(blank), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

/// The command that `env` would run: past its options, their values, and assignments.
std::optional<std::string> command_of_env(const std::vector<std::string>& words) {
  constexpr std::string_view split = "--split-string=";
  for (std::size_t at = 1; at < words.size(); ++at) {
    const auto& word = words[at];
    if (word == "-u" || word == "--unset" || word == "-C" || word == "--chdir")
      ++at;
    else if (word.starts_with("-S") && word.size() > 2)
      return word.substr(2);
    else if (word.starts_with(split))
      return word.substr(split.size());
    else if (!word.starts_with('-') && word.find('=') == std::string::npos)
      return word;
  }
  return std::nullopt;
}

result<void> add_files(const std::filesystem::path& path, const variables& seen, int depth,
                       std::vector<std::filesystem::path>& files) {
  files.push_back(path);
  auto head = head_of(path);
  if (!head)
    return head.error();
  if (head->starts_with("\x7f"
                        "ELF"))
    return {};
  if (depth == most_interpreters)
    return error{errc::permission_denied,
                 "\"" + files.front().native() + "\" can't be executed: more than 4 interpreters"};
  if (!head->starts_with("#!"))
    return add_files("/bin/sh", seen, depth + 1, files);
  const auto line = std::string_view{*head}.substr(2, head->find('\n', 2) - 2);
  const auto words = words_of(line);
  if (words.empty())
    return add_files("/bin/sh", seen, depth + 1, files);
  if (look_at(words.front()) != state::executable)
    return error{look_at(words.front()) == state::missing ? errc::not_found
                                                          : errc::permission_denied,
                 "\"" + path.native() + "\" can't be executed: its interpreter \"" + words.front() +
                     "\" is missing or not executable"};
  if (auto done = add_files(words.front(), seen, depth + 1, files); !done)
    return done;
  if (std::filesystem::path{words.front()}.filename() != "env")
    return {};
  const auto command = command_of_env(words);
  const auto behind = command ? search(*command, seen) : result<std::filesystem::path>{""};
  // Where there is none `env` itself will say so, and nothing is stored.
  return behind && !behind->empty() ? add_files(*behind, seen, depth + 1, files) : result<void>{};
}

} // namespace

result<tool> find_tool(const std::string& command, const variables& seen) {
  auto path = search(command, seen);
  if (!path)
    return path.error();
  tool found{*path, {}};
  if (auto done = add_files(found.path, seen, 0, found.files); !done)
    return done.error();
  return found;
}

} // namespace deja::run
