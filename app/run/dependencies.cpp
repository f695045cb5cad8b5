#include <deja/app/run/dependencies.hpp>
#include <deja/app/run/printable.hpp>

namespace deja::run {

namespace {

constexpr std::size_t hex_digits = 64;

std::optional<dependency> parse_line(std::string_view line) {
  if (line.size() <= hex_digits + 1 || line[hex_digits] != ' ')
    return std::nullopt;
  const auto content = parse_digest(line.substr(0, hex_digits));
  auto path = original(line.substr(hex_digits + 1));
  if (!content || !path || path->find('\0') != std::string::npos)
    return std::nullopt;
  return dependency{std::move(*path), *content};
}

} // namespace

std::string to_text(const dependency_list& files) {
  std::string text;
  for (const auto& file : files)
    text += to_hex(file.content) + ' ' + printable(file.path) + '\n';
  return text;
}

result<dependency_list> parse_dependencies(std::string_view text) {
  dependency_list files;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto file = end == std::string_view::npos ? std::nullopt : parse_line(text.substr(0, end));
    if (!file)
      return error{errc::data_loss, "the entry's list of files is damaged"};
    files.push_back(std::move(*file));
    text.remove_prefix(end + 1);
  }
  return files;
}

} // namespace deja::run
