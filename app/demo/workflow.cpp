#include <deja/app/demo/statistics.hpp>
#include <deja/app/demo/workflow.hpp>

#include <deja/messages/utf8.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace deja::app::demo {

namespace {

constexpr std::size_t most_texts = 1000;
constexpr std::uintmax_t largest_text = 1 << 20;

struct text {
  std::string name, content;
};

result<std::vector<text>> read_texts(const std::filesystem::path& folder,
                                     std::vector<std::string>& skipped) {
  std::error_code problem;
  std::vector<std::filesystem::path> files;
  for (const auto& one : std::filesystem::directory_iterator{folder, problem})
    if (one.is_regular_file(problem) && !one.is_symlink(problem))
      files.push_back(one.path());
  if (problem)
    return error{problem == std::errc::permission_denied ? errc::permission_denied
                                                         : errc::not_found,
                 "can't list the folder \"" + folder.string() + "\": " + problem.message()};
  std::sort(files.begin(), files.end());
  std::vector<text> texts;
  for (const auto& file : files) {
    const auto size = std::filesystem::file_size(file, problem);
    if (problem || size > largest_text) {
      skipped.push_back(file.filename().string() +
                        (problem ? ": " + problem.message() : ": over 1 MiB"));
      continue;
    }
    std::ifstream stream{file, std::ios::binary};
    std::ostringstream content;
    content << stream.rdbuf();
    if (!stream || !is_utf8(content.str()))
      skipped.push_back(file.filename().string() + (stream ? ": not UTF-8" : ": can't be read"));
    else
      texts.push_back({file.filename().string(), content.str()});
  }
  if (texts.empty() || texts.size() > most_texts)
    return error{errc::invalid_argument, "the folder \"" + folder.string() + "\" has " +
                                             std::to_string(texts.size()) +
                                             " texts; 1 to 1000 are possible"};
  return texts;
}

std::string sum(const task_inputs& inputs) {
  std::vector<std::string_view> counts;
  for (const auto& [name, lines] : inputs)
    counts.push_back(lines);
  return add_counts(counts);
}

std::string report(const task_inputs& inputs) {
  std::string lines;
  for (const auto& [name, content] : inputs)
    if (name == "words" || name == "phrases") {
      lines += "most frequent " + name + ": ";
      for (const auto& one : most_frequent(content, 5))
        lines += (lines.ends_with(": ") ? "" : ", ") + one;
      lines += '\n';
    } else {
      lines += name + ": " + content + '\n';
    }
  return lines;
}

/// Adds tasks and gives their indexes.
class planner {
public:
  std::size_t add(task one) {
    plan_.tasks.push_back(std::move(one));
    return plan_.tasks.size() - 1;
  }

  /// Counts each section of the text, and adds the counts up.
  std::size_t count(const std::string& what, const text& of,
                    std::string (*count_section)(std::string_view)) {
    task total{"add " + what + " of " + of.name, {}, {}, sum};
    for (const auto section : sections_of(of.content))
      total.taken.emplace_back("section " + std::to_string(total.taken.size()),
                               add({"count " + what,
                                    {{"text", std::string{section}}},
                                    {},
                                    [count_section](const task_inputs& inputs) {
                                      return count_section(inputs.front().second);
                                    }}));
    return add(std::move(total));
  }

  workflow plan(const std::vector<text>& texts) {
    task words{"add words", {}, {}, sum}, phrases{"add phrases", {}, {}, sum};
    task last{"report", {}, {}, report};
    for (const auto& one : texts) {
      words.taken.emplace_back(one.name, count("words", one, count_words));
      phrases.taken.emplace_back(one.name, count("phrases", one, count_phrases));
    }
    last.taken.emplace_back("words", add(std::move(words)));
    last.taken.emplace_back("phrases", add(std::move(phrases)));
    const auto& longest =
        *std::max_element(texts.begin(), texts.end(), [](const text& left, const text& right) {
          return left.content.size() < right.content.size();
        });
    for (const auto& one : texts)
      if (&one != &longest)
        last.taken.emplace_back("edits from " + one.name + " to " + longest.name,
                                add({"edit distance",
                                     {{"one", one.content}, {"other", longest.content}},
                                     {},
                                     [](const task_inputs& inputs) {
                                       return std::to_string(
                                           edit_distance(inputs[0].second, inputs[1].second));
                                     }}));
    add(std::move(last));
    return std::move(plan_);
  }

  workflow plan_;
};

} // namespace

result<workflow> plan_workflow(const std::filesystem::path& folder) {
  planner one;
  const auto texts = read_texts(folder, one.plan_.skipped);
  if (!texts)
    return texts.error();
  return one.plan(*texts);
}

} // namespace deja::app::demo
